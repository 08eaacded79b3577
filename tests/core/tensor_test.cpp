#include <limits>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"

using namespace cairn;

TEST_CASE("copies of a handle name the same numbers, clones do not", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor a = tensor({1.0f, 2.0f}).to(device), b = a, c = a.clone();
  a.fill_(5);
  CHECK(b[1].item() == 5);
  CHECK(c[1].item() == 2);
  CHECK(a.is_same(b));
  CHECK_FALSE(a.shares_storage(c));
}

TEST_CASE("views look at the same numbers under other shapes", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor a = arange(24).to(device).view({2, 3, 4});
  CHECK(a.strides() == Shape{12, 4, 1});
  CHECK(a.transpose(0, 2).shape() == Shape{4, 3, 2});
  CHECK(a.permute({2, 0, 1})[3][1][2].item_int64() == 23);
  CHECK(a.select(1, -1)[1][0].item_int64() == 20);
  CHECK(a.slice(2, 1, 4, 2).shape() == Shape{2, 3, 2});
  CHECK(a.narrow(0, 1, 1).storage_offset() == 12);
  CHECK(a.flatten(1).shape() == Shape{2, 12});
  CHECK(a.unsqueeze(-1).squeeze(3).shape() == a.shape());
  CHECK(a[0].expand({5, 3, 4}).strides() == Shape{0, 4, 1});
  CHECK(a.transpose(1, 2).reshape({2, 12}).shares_storage(a) == false);
  CHECK_THROWS_AS(a.transpose(1, 2).view({2, 12}), ShapeError);
  a.fill_(1);
  CHECK(a.flatten()[17].item_int64() == 1);
}

TEST_CASE("a view of uneven strides joins what lies evenly", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor a = arange(48).to(device).view({2, 4, 6}).narrow(1, 0, 3);  // a gap after every three rows
  CHECK(a.view({2, 18}).shape() == Shape{2, 18});
  CHECK(a.view({2, 3, 2, 3}).shares_storage(a));
  CHECK_THROWS_AS(a.view({36}), ShapeError);
  CHECK(arange(6).to(device).view({6, 1}).t().view({2, 3})[1][0].item_int64() == 3);
  CHECK(zeros({0, 3}).view({3, 0}).numel() == 0);
}

TEST_CASE("as_strided stays inside its storage", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor a = arange(6).to(device);
  CHECK(a.as_strided({2, 2}, {3, 1}, 1)[1][1].item_int64() == 5);
  CHECK_THROWS_AS(a.as_strided({2, 2}, {3, 1}, 3), ShapeError);
  CHECK_THROWS_AS(a.as_strided({2}, {-1}, 3), ShapeError);
  CHECK_THROWS_AS(a.as_strided({1 << 30, 1 << 30, 1 << 30}, {1 << 30, 1 << 30, 1 << 30}, 0), ShapeError);
}

TEST_CASE("a view may not have more elements than can be counted", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const std::int64_t huge = std::int64_t{1} << 40;
  CHECK_THROWS_AS(zeros({1, 1}, {.device = device}).expand({huge, huge}), ShapeError);
  CHECK(zeros({0, 1, 1}, {.device = device}).expand({0, huge, huge}).numel() == 0);
}

TEST_CASE("copy_ broadcasts, converts and crosses devices", "[device]") {
  for (const Device device : devices()) {
    const Tensor target = zeros({2, 3}, {.device = device});
    target.t().copy_(tensor<std::int64_t>({4, 5}));
    const Tensor back = target.to("cpu");
    CHECK(back[0][2].item() == 4);
    CHECK(back[1][0].item() == 5);
    const Device other = another_device(device);
    CHECK(target.to(other).device() == other);
    CHECK(numbers<float>(target.to(other).t()) == std::vector<float>{4, 5, 4, 5, 4, 5});
    const Tensor far = zeros({3, 2}, {.dtype = DType::float64, .device = other});
    far.copy_(target.t());
    CHECK(numbers<double>(far) == std::vector<double>{4, 5, 4, 5, 4, 5});
    const Tensor here = zeros({2, 6}).slice(1, 0, 6, 2);
    here.copy_(target);
    CHECK(numbers<float>(here) == std::vector<float>{4, 4, 4, 5, 5, 5});
    CHECK_THROWS_AS(zeros({3}, {.device = device}).copy_(zeros({2})), ShapeError);
  }
  CHECK_THROWS_AS(zeros({3}).copy_(zeros({2})), ShapeError);
}

TEST_CASE("every dtype converts to every other, and back where it fits", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for_each_type(Elements{}, [&]<class From>() {
    for_each_type(Elements{}, [&]<class To>() {
      CAPTURE(name(dtype_of<From>), name(dtype_of<To>));
      const Tensor values = tensor<std::int64_t>({0, 1, 1, 0, 1}).to(device).to(dtype_of<From>);
      const Tensor back = values.to(dtype_of<To>).to(DType::int64);
      CHECK(numbers<std::int64_t>(back) == std::vector<std::int64_t>{0, 1, 1, 0, 1});
    });
  });
  const Tensor odd = tensor({1.9f, -1.9f, 3e9f, 1e30f, std::numeric_limits<float>::quiet_NaN(), 300.0f}).to(device);
  CHECK(odd.to(DType::int64)[0].item_int64() == 1);
  CHECK(odd.to(DType::int64)[1].item_int64() == -1);
  CHECK(odd.to(DType::int64)[2].item_int64() == 3000000000);
  CHECK(odd.to(DType::int64)[3].item_int64() == INT64_MIN);
  CHECK(odd.to(DType::int64)[4].item_int64() == INT64_MIN);
  CHECK(odd.to(DType::int32)[2].item_int64() == INT32_MIN);
  CHECK(odd.to(DType::uint8)[5].item_int64() == 44);
  CHECK(odd.to(DType::boolean)[4].item_int64() == 1);
  CHECK(tensor<std::int64_t>({16777217}).to(device).to(DType::float32).item() == 16777216.0);
}

TEST_CASE("data() refuses what it could not show") {
  CHECK_THROWS_AS(zeros({2}).data<double>(), DTypeError);
  CHECK_THROWS_AS(zeros({2, 3}).t().data<float>(), ValueError);
  CHECK_THROWS_AS(zeros({2}, {.device = "meta"}).item(), ValueError);
  CHECK_THROWS_AS(zeros({1}, {.device = "meta"}).item(), DeviceError);
  CHECK_THROWS_AS(Tensor().shape(), ValueError);
}

TEST_CASE("data() refuses memory that the CPU cannot read", "[device]") {
  for (const Device device : devices()) {
    CHECK_THROWS_AS(zeros({2}, {.device = device}).data<float>(), DeviceError);
    CHECK(zeros({1}, {.device = device}).item() == 0);
    CHECK(full({1, 1}, std::int64_t{9007199254740993}, {.dtype = DType::int64, .device = device}).item_int64() ==
          9007199254740993);
    CHECK_THROWS_AS(zeros({2}, {.device = device}).item(), ValueError);
  }
}

TEST_CASE("impossible sizes are refused before any memory is asked for", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  CHECK_THROWS_AS(zeros({-1}, {.device = device}), ShapeError);
  CHECK_THROWS_AS(zeros({std::int64_t{1} << 40, std::int64_t{1} << 40}, {.device = device}), ShapeError);
  CHECK(zeros({0, std::int64_t{1} << 40}, {.device = device}).numel() == 0);
}

TEST_CASE("borrowed memory is used in place and given back once") {
  std::vector<float> mine = {1, 2, 3};
  static int released = 0;
  {
    const Tensor a = from_borrowed(mine.data(), {3}, DType::float32, [](void*) { ++released; });
    a.mul_(2);
    const Tensor view = a[1];
  }
  CHECK(mine[2] == 6.0f);
  CHECK(released == 1);
  CHECK_THROWS_AS(from_borrowed(reinterpret_cast<char*>(mine.data()) + 1, {2}, DType::float32), ValueError);
}

TEST_CASE("in-place changes are counted, by every view", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor a = zeros({4}, {.device = device});
  const auto before = a.version();
  a.narrow(0, 0, 2).add_(1);
  CHECK(a.version() == before + 1);
  CHECK_THROWS_AS(a.add_(zeros({2, 4}, {.device = device})), ShapeError);
  CHECK_THROWS_AS(tensor<std::int64_t>({1}).to(device).add_(0.5), DTypeError);
}

TEST_CASE("copy_ reads what was there before it wrote", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor square = arange(4).to(device).view({2, 2});
  square.copy_(square.t());
  CHECK(numbers<std::int64_t>(square) == std::vector<std::int64_t>{0, 2, 1, 3});
  const Tensor row = arange(5).to(device);
  row.narrow(0, 1, 4).copy_(row.narrow(0, 0, 4));
  CHECK(numbers<std::int64_t>(row) == std::vector<std::int64_t>{0, 0, 1, 2, 3});
}

TEST_CASE("a slice of the largest step or length does not overflow", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(numbers<std::int64_t>(arange(10).to(device).slice(0, 3, 10, most)) == std::vector<std::int64_t>{3});
  CHECK_THROWS_AS(arange(10).to(device).narrow(0, 1, most), IndexError);
}

TEST_CASE("a bool of any byte but 0 is true, wherever it goes", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const unsigned char bytes[] = {0, 1, 2, 255};
  const Tensor truth = from_bytes(bytes, {4}, DType::boolean).to(device);
  CHECK(numbers<std::int64_t>(truth.to(DType::int64)) == std::vector<std::int64_t>{0, 1, 1, 1});
  CHECK(numbers<float>(truth.to(DType::float32)) == std::vector<float>{0, 1, 1, 1});
}
