// Tensors print exactly as PyTorch prints them. The expected texts were printed by PyTorch.
#include <cairn/core/print.h>

#include "catch.h"

#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/tensor_impl.h>

#include "devices.h"
#include "message_of.h"

using namespace cairn;

namespace {

template <class T>
Tensor of(std::initializer_list<T> values, const Shape& shape) {
  return from_data(std::span<const T>(values.begin(), values.size()), shape);
}

Tensor ramp(std::int64_t size, const Shape& shape) { return arange(size, {.dtype = DType::float32}).view(shape); }

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("The golden texts of PyTorch 2.15") {
  CHECK(to_string(tensor({1.0f, 2.5f, -3.0f})) == "tensor([ 1.0000,  2.5000, -3.0000])");
  CHECK(to_string(arange(12).view({3, 4})) ==
        "tensor([[ 0,  1,  2,  3],\n        [ 4,  5,  6,  7],\n        [ 8,  9, 10, 11]])");
  CHECK(to_string(scalar_tensor(3.5)) == "tensor(3.5000)");
  CHECK(to_string(scalar_tensor(0, {.dtype = DType::int64})) == "tensor(0)");
  CHECK(to_string(tensor({true, false})) == "tensor([ True, False])");
  CHECK(to_string(zeros({0, 3})) == "tensor([], size=(0, 3))");
  CHECK(to_string(of({1e-8f, 1.0f, 1e3f, 1e8f}, {2, 2})) ==
        "tensor([[1.0000e-08, 1.0000e+00],\n        [1.0000e+03, 1.0000e+08]])");
  CHECK(to_string(tensor({not_a_number, infinity, 1.0f})) == "tensor([nan, inf, 1.])");
  CHECK(to_string(tensor({1.0, 2.0})) == "tensor([1., 2.], dtype=torch.float64)");
  CHECK(to_string(ramp(2000, {2000})) ==
        "tensor([0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 1.9970e+03, 1.9980e+03,\n        1.9990e+03])");
  CHECK(to_string(ramp(8, {2, 2, 2})) ==
        "tensor([[[0., 1.],\n         [2., 3.]],\n\n        [[4., 5.],\n         [6., 7.]]])");
  Tensor grad = tensor({1.0f, 2.0f});
  grad.requires_grad_();
  CHECK(to_string(grad) == "tensor([1., 2.], requires_grad=True)");
  CHECK(to_string(tensor({1.5f, 2.25f}).to(DType::bfloat16)) == "tensor([1.5000, 2.2500], dtype=torch.bfloat16)");
  set_is_parameter(grad);
  CHECK(to_string(grad) == "Parameter containing:\ntensor([1., 2.], requires_grad=True)");
  CHECK(to_string(Shape{1, 2}) == "torch.Size([1, 2])");
}

TEST_CASE("Whole numbers have a point only, unless they spread too far") {
  CHECK(to_string(tensor({0.0f, -0.0f})) == "tensor([0., -0.])");
  CHECK(to_string(tensor({1.0f, 1000.0f})) == "tensor([   1., 1000.])");
  CHECK(to_string(tensor({1.0f, 1001.0f})) == "tensor([1.0000e+00, 1.0010e+03])");
  CHECK(to_string(tensor({1e8f})) == "tensor([100000000.])");
  CHECK(to_string(tensor({1.00000008e8f})) == "tensor([1.0000e+08])");
  CHECK(to_string(tensor({99999999.0})) == "tensor([99999999.], dtype=torch.float64)");
  CHECK(to_string(tensor({1e-4f})) == "tensor([1.0000e-04])");
  CHECK(to_string(tensor({1e-4})) == "tensor([0.0001], dtype=torch.float64)");
  CHECK(to_string(tensor({0.5f, 600.0f})) == "tensor([5.0000e-01, 6.0000e+02])");
}

TEST_CASE("What is not finite takes part in no width") {
  CHECK(to_string(tensor({not_a_number, 1.0f, infinity, -infinity})) == "tensor([nan, 1., inf, -inf])");
  CHECK(to_string(tensor({not_a_number, 1.5f})) == "tensor([   nan, 1.5000])");
  CHECK(to_string(tensor({-not_a_number})) == "tensor([nan])");
  CHECK(to_string(tensor({infinity, 1e-10f})) == "tensor([       inf, 1.0000e-10])");
}

TEST_CASE("Scalars, empty tensors and their suffixes") {
  CHECK(to_string(scalar_tensor(1)) == "tensor(1.)");
  CHECK(to_string(scalar_tensor(true, {.dtype = DType::boolean})) == "tensor(True)");
  CHECK(to_string(zeros({0})) == "tensor([])");
  CHECK(to_string(zeros({0}, {.dtype = DType::int64})) == "tensor([], dtype=torch.int64)");
  CHECK(to_string(zeros({2, 0}, {.dtype = DType::boolean})) == "tensor([], size=(2, 0), dtype=torch.bool)");
  CHECK(to_string(zeros({2, 3}, {.device = "meta"})) == "tensor(..., device='meta', size=(2, 3))");
  CHECK(to_string(zeros({2}, {.dtype = DType::int64, .device = "meta"})) ==
        "tensor(..., device='meta', size=(2,), dtype=torch.int64)");
  CHECK(to_string(zeros({}, {.device = "meta"})) == "tensor(..., device='meta', size=())");
  CHECK(to_string(zeros({2, 0, 3, 0, 1})) == "tensor([], size=(2, 0, 3, 0, 1))");
  CHECK(to_string(zeros({0}, {.dtype = DType::complex64})) == "tensor([], dtype=torch.complex64)");
  CHECK(to_string(zeros({2, 0}, {.device = "meta", .requires_grad = true})) ==
        "tensor(..., device='meta', size=(2, 0), requires_grad=True)");
  CHECK(to_string(Tensor()) == "tensor(undefined)");
}

TEST_CASE("Every dtype prints, and says its name unless it is the usual one") {
  struct Row {
    DType dtype;
    const char* text;
  };
  const Row rows[] = {{DType::boolean, "tensor([False,  True,  True])"},
                      {DType::uint8, "tensor([0, 1, 2], dtype=torch.uint8)"},
                      {DType::int8, "tensor([0, 1, 2], dtype=torch.int8)"},
                      {DType::int16, "tensor([0, 1, 2], dtype=torch.int16)"},
                      {DType::int32, "tensor([0, 1, 2], dtype=torch.int32)"},
                      {DType::int64, "tensor([0, 1, 2])"},
                      {DType::float16, "tensor([0., 1., 2.], dtype=torch.float16)"},
                      {DType::bfloat16, "tensor([0., 1., 2.], dtype=torch.bfloat16)"},
                      {DType::float32, "tensor([0., 1., 2.])"},
                      {DType::float64, "tensor([0., 1., 2.], dtype=torch.float64)"},
                      {DType::float8_e4m3fn, "tensor([0., 1., 2.], dtype=torch.float8_e4m3fn)"},
                      {DType::float8_e5m2, "tensor([0., 1., 2.], dtype=torch.float8_e5m2)"},
                      {DType::complex64, "tensor([0.+0.j, 1.+0.j, 2.+0.j])"}};
  static_assert(std::size(rows) == dtype_count);
  for (const Row& row : rows) CHECK(to_string(arange(3).to(row.dtype)) == row.text);
  CHECK(to_string(tensor({std::numeric_limits<std::int64_t>::min(), std::int64_t{5}})) ==
        "tensor([-9223372036854775808,                    5])");
}

TEST_CASE("Complex numbers take one notation for each part") {
  using C = std::complex<float>;
  CHECK(to_string(tensor({C(1, 2), C(-1.5f, -0.5f)})) == "tensor([ 1.0000+2.0000j, -1.5000-0.5000j])");
  CHECK(to_string(tensor({C(1, -2)})) == "tensor([1.-2.j])");
  CHECK(to_string(tensor({C(0.5f, 1e-6f), C(1, 0)})) == "tensor([0.5000+1.0000e-06j, 1.0000+0.0000e+00j])");
  CHECK(to_string(tensor({C(not_a_number, -not_a_number), C(-0.0f, -0.0f), C(infinity, -infinity)})) ==
        "tensor([nan+nanj, -0.-0.j, inf-infj])");
  CHECK(to_string(tensor({C(1, 2.5f)}).select(0, 0)) == "tensor(1.+2.5000j)");
  CHECK(to_string(arange(1001).to(DType::complex64)) ==
        "tensor([   0.+0.j,    1.+0.j,    2.+0.j,  ...,  998.+0.j,  999.+0.j, 1000.+0.j])");
}

TEST_CASE("The ends of every floating-point type") {
  CHECK(to_string(tensor({5e-324, 1.0})) == "tensor([4.9407e-324,  1.0000e+00], dtype=torch.float64)");
  CHECK(to_string(tensor({std::numeric_limits<double>::max()})) == "tensor([1.7977e+308], dtype=torch.float64)");
  CHECK(to_string(tensor({std::numeric_limits<float>::denorm_min()})) == "tensor([1.4013e-45])");
  CHECK(to_string(tensor({65504.0f, 6e-8f}).to(DType::float16)) ==
        "tensor([6.5504e+04, 5.9605e-08], dtype=torch.float16)");
  CHECK(to_string(tensor({448.0f, 0.001953125f, not_a_number}).to(DType::float8_e4m3fn)) ==
        "tensor([4.4800e+02, 1.9531e-03,        nan], dtype=torch.float8_e4m3fn)");
  CHECK(to_string(tensor({57344.0f, infinity, -0.0f}).to(DType::float8_e5m2)) ==
        "tensor([57344.,    inf,    -0.], dtype=torch.float8_e5m2)");
  const Tensor tenth = scalar_tensor(0.1, {.dtype = DType::float64});
  CHECK(to_string(tenth.to(DType::float16)) == "tensor(0.1000, dtype=torch.float16)");
  CHECK(to_string(tenth.to(DType::bfloat16)) == "tensor(0.1001, dtype=torch.bfloat16)");
  CHECK(to_string(tenth.to(DType::float8_e4m3fn)) == "tensor(0.1016, dtype=torch.float8_e4m3fn)");
}

TEST_CASE("Long vectors wrap at 80 columns") {
  CHECK(to_string(ramp(30, {30})) ==
        "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,\n"
        "        14., 15., 16., 17., 18., 19., 20., 21., 22., 23., 24., 25., 26., 27.,\n"
        "        28., 29.])");
}

TEST_CASE("Above 1000 elements the middle is left out, in every dimension that is long enough") {
  CHECK(to_string(arange(1000)).find("...") == std::string::npos);
  CHECK(to_string(arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
  CHECK(to_string(arange(1200).view({100, 12})) ==
        "tensor([[   0,    1,    2,  ...,    9,   10,   11],\n"
        "        [  12,   13,   14,  ...,   21,   22,   23],\n"
        "        [  24,   25,   26,  ...,   33,   34,   35],\n"
        "        ...,\n"
        "        [1164, 1165, 1166,  ..., 1173, 1174, 1175],\n"
        "        [1176, 1177, 1178,  ..., 1185, 1186, 1187],\n"
        "        [1188, 1189, 1190,  ..., 1197, 1198, 1199]])");
  CHECK(to_string(arange(1200).view({2, 2, 300})) ==
        "tensor([[[   0,    1,    2,  ...,  297,  298,  299],\n"
        "         [ 300,  301,  302,  ...,  597,  598,  599]],\n\n"
        "        [[ 600,  601,  602,  ...,  897,  898,  899],\n"
        "         [ 900,  901,  902,  ..., 1197, 1198, 1199]]])");
}

TEST_CASE("In higher ranks, too, the middle is left out") {
  CHECK(to_string(arange(2401).view({7, 7, 7, 7}), {.edgeitems = 1}) ==
        "tensor([[[[   0,  ...,    6],\n          ...,\n          [  42,  ...,   48]],\n\n"
        "         ...,\n\n"
        "         [[ 294,  ...,  300],\n          ...,\n          [ 336,  ...,  342]]],\n\n\n"
        "        ...,\n\n\n"
        "        [[[2058,  ..., 2064],\n          ...,\n          [2100,  ..., 2106]],\n\n"
        "         ...,\n\n"
        "         [[2352,  ..., 2358],\n          ...,\n          [2394,  ..., 2400]]]])");
  CHECK(to_string(zeros({1, 1, 1, 1001})) == "tensor([[[[0., 0., 0.,  ..., 0., 0., 0.]]]])");
  CHECK(to_string(arange(1200).view({3, 400}).t()) ==
        "tensor([[   0,  400,  800],\n        [   1,  401,  801],\n        [   2,  402,  802],\n        ...,\n"
        "        [ 397,  797, 1197],\n        [ 398,  798, 1198],\n        [ 399,  799, 1199]])");
}

TEST_CASE("What is left out is neither read nor copied", "[device]") {
  // More elements than any memory holds: all of them are one.
  for (const Device device : everywhere()) {
    const Tensor huge = ones({}, {.device = device}).expand({3, std::int64_t{1} << 50});
    const std::string suffix = device.is_cpu() ? "" : text(", device='", device, "'");
    CHECK(to_string(huge) ==
          "tensor([[1., 1., 1.,  ..., 1., 1., 1.],\n        [1., 1., 1.,  ..., 1., 1., 1.],\n"
          "        [1., 1., 1.,  ..., 1., 1., 1.]]" +
              suffix + ")");
  }
}

TEST_CASE("Only the numbers shown choose the notation") {
  const Tensor numbers = zeros({2000});
  numbers.narrow(0, 1000, 1).fill_(1e-9);
  CHECK(to_string(numbers) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])");
}

TEST_CASE("A suffix that passes column 80 goes to the next line") {
  Tensor wide = tensor({0.12345f, 0.5f, 0.25f, 0.75f, 0.5f, 0.25f, 0.75f});
  wide.requires_grad_();
  CHECK(to_string(wide) ==
        "tensor([0.1235, 0.5000, 0.2500, 0.7500, 0.5000, 0.2500, 0.7500],\n       requires_grad=True)");
}

TEST_CASE("A suffix that just fits stays on its line") {
  // 59 columns of numbers, ", ", 17 columns of dtype and ")" are 79; PyTorch counts two more than there are before it.
  CHECK(to_string(arange(23).narrow(0, 10, 13).to(DType::int32)) ==
        "tensor([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22], dtype=torch.int32)");
}

TEST_CASE("Views print their own numbers") {
  CHECK(to_string(ramp(6, {2, 3}).t()) == "tensor([[0., 3.],\n        [1., 4.],\n        [2., 5.]])");
  CHECK(to_string(ramp(6, {2, 3}).select(1, 2)) == "tensor([2., 5.])");
  CHECK(to_string(tensor({7.0f}).expand({2, 3})) == "tensor([[7., 7., 7.],\n        [7., 7., 7.]])");
}

TEST_CASE("A tensor elsewhere prints its device, a computed one its node", "[device]") {
  for (const Device device : devices()) {
    const std::string suffix = text(", device='", device, "'");
    CHECK(to_string(tensor({1.0f, 2.0f}).to(device)) == "tensor([1., 2.]" + suffix + ")");
    CHECK(to_string(ramp(6, {2, 3}).to(device).t()) ==
          "tensor([[0., 3.],\n        [1., 4.],\n        [2., 5.]]" + suffix + ")");
    CHECK(to_string(tensor({1.5, -2.0}).to(device)) == "tensor([ 1.5000, -2.0000]" + suffix + ", dtype=torch.float64)");
    CHECK(to_string(zeros({0}, {.device = device})) == "tensor([]" + suffix + ")");
    CHECK(to_string(scalar_tensor(3.5, {.device = device})) == "tensor(3.5000" + suffix + ")");
    CHECK(to_string(arange(2000).to(device)) == "tensor([   0,    1,    2,  ..., 1997, 1998, 1999]" + suffix + ")");
    Tensor there = ones({2}, {.device = device});
    there.requires_grad_();
    CHECK(to_string(there) == "tensor([1., 1.]" + suffix + ", requires_grad=True)");
    CHECK(to_string(there + there) == "tensor([2., 2.]" + suffix + ", grad_fn=<AddBackward0>)");
  }
  Tensor x = tensor({1.0f, 2.0f});
  x.requires_grad_();
  CHECK(to_string(x + x) == "tensor([2., 4.], grad_fn=<AddBackward0>)");
}

TEST_CASE("On a device every dtype prints as on the CPU", "[device]") {
  for (const Device device : devices()) {
    for (std::size_t code = 0; code < dtype_count; ++code) {
      const Tensor here = arange(3).to(static_cast<DType>(code));
      std::string expected = to_string(here);
      expected.insert(expected.find(']') + 1, text(", device='", device, "'"));
      CHECK(to_string(here.to(device)) == expected);
    }
  }
}

TEST_CASE("Every option has the effect it has in PyTorch") {
  struct Row {
    Tensor tensor;
    PrintOptions options;
    const char* text;
  };
  const Tensor halves = tensor({1.5f, 2.5f, -1.0f});
  const Row rows[] = {
      {halves, {.precision = 0}, "tensor([ 2,  2, -1])"},
      {halves, {.precision = 2}, "tensor([ 1.50,  2.50, -1.00])"},
      {tensor({1.0f, 0.0f, -2.0f}), {.sci_mode = true}, "tensor([ 1.0000e+00,  0.0000e+00, -2.0000e+00])"},
      {tensor({0.0f, not_a_number}), {.sci_mode = true}, "tensor([0., nan])"},
      {tensor({1e-10f, infinity, 1.0f}), {.sci_mode = false}, "tensor([0.0000,    inf, 1.0000])"},
      {tensor({1e10f, 1.0f}), {.sci_mode = false}, "tensor([10000000000.,           1.])"},
      {tensor({0.1f, 1000.0f}), {.precision = 2, .sci_mode = false}, "tensor([   0.10, 1000.00])"},
      {tensor({1e300, 5e-324}),
       {.precision = 17},
       "tensor([1.00000000000000005e+300, 4.94065645841246544e-324],\n       dtype=torch.float64)"},
      {arange(10), {.threshold = 5, .edgeitems = 2}, "tensor([0, 1,  ..., 8, 9])"},
      {arange(10), {.threshold = 10, .edgeitems = 2}, "tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])"},
      {arange(10), {.threshold = 0, .edgeitems = 1}, "tensor([0,  ..., 9])"},
      {arange(10), {.threshold = 5, .edgeitems = 5}, "tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])"},
      {arange(4), {.edgeitems = 0}, "tensor([0, 1, 2, 3], size=(4,))"},
      {arange(4), {.threshold = 3, .edgeitems = 0}, "tensor([...], size=(4,))"},
      {arange(4).view({2, 2}), {.threshold = 3, .edgeitems = 0}, "tensor([...], size=(2, 2))"},
      {scalar_tensor(7), {.threshold = 0, .edgeitems = 0}, "tensor(7., size=())"},
      {zeros({0, 2}), {.edgeitems = 0}, "tensor([], size=(0, 2))"},
      {arange(10), {.linewidth = 20}, "tensor([0, 1, 2, 3,\n        4, 5, 6, 7,\n        8, 9])"},
      {arange(2), {.linewidth = 0}, "tensor([0,\n        1])"},
      {arange(3).to(DType::int8), {.linewidth = 30}, "tensor([0, 1, 2],\n       dtype=torch.int8)"},
      {arange(12), {.threshold = 11, .profile = "default"}, "tensor([ 0,  1,  2,  ...,  9, 10, 11])"},
      {arange(12), {.threshold = 11, .profile = "short"}, "tensor([ 0,  1,  ..., 10, 11])"},
      {halves, {.profile = "short"}, "tensor([ 1.50,  2.50, -1.00])"},
      {halves, {.precision = 1, .profile = "short"}, "tensor([ 1.5,  2.5, -1.0])"},
  };
  for (const Row& row : rows) CHECK(to_string(row.tensor, row.options) == row.text);
  CHECK(to_string(arange(2000), {.profile = "full"}).find("...") == std::string::npos);
  CHECK(to_string(ramp(4, {2, 2}), {}, 4) == "tensor([[0., 1.],\n            [2., 3.]])");
}

TEST_CASE("Options passed to a print of a tree are those of the tensors in it") {
  const Tensor half = tensor({0.5f});
  CHECK(to_string(Value(List{half, Tuple{half}, 0.5}), {.precision = 1}) == "[tensor([0.5]), (tensor([0.5]),), 0.5]");
  CHECK(to_string(StateDict{{"a", half}}, {.precision = 1}) == "OrderedDict([('a', tensor([0.5]))])");
}

TEST_CASE("What set_printoptions is not given stays, but for the notation") {
  const Tensor numbers = tensor({0.5f, 2.0f});
  set_printoptions({.precision = 1});
  CHECK(to_string(numbers) == "tensor([0.5, 2.0])");
  CHECK(to_string(numbers, {}) == "tensor([0.5000, 2.0000])");  // an option passed has to do with no other
  set_printoptions({.edgeitems = 1, .sci_mode = true});
  CHECK(to_string(numbers) == "tensor([5.0e-01, 2.0e+00])");
  const PrintOptions before = get_printoptions();
  set_printoptions({.threshold = 1});
  CHECK(to_string(arange(5).to(DType::float32)) == "tensor([0.,  ..., 4.])");
  set_printoptions(before);
  CHECK(to_string(arange(3).to(DType::float32)) == "tensor([0.0e+00, 1.0e+00, 2.0e+00])");
  set_printoptions({.profile = "full"});
  CHECK(get_printoptions().precision == 4);
  CHECK(get_printoptions().threshold == std::numeric_limits<double>::infinity());
  CHECK(get_printoptions().edgeitems == 3);
  set_printoptions({.profile = "default"});
  CHECK(get_printoptions().threshold == 1000);
  CHECK(get_printoptions().linewidth == 80);
  CHECK_FALSE(get_printoptions().sci_mode);
}

TEST_CASE("Options without meaning are refused, and change nothing") {
  CHECK_THROWS_AS(set_printoptions({.linewidth = 40, .profile = "long"}), ValueError);
  CHECK_THROWS_AS(set_printoptions({.precision = -1}), ValueError);
  CHECK_THROWS_AS(set_printoptions({.threshold = 50, .edgeitems = -1}), ValueError);
  CHECK_THROWS_AS(to_string(arange(2), {.linewidth = -1}), ValueError);
  CHECK(get_printoptions().threshold == 1000);
  CHECK(get_printoptions().linewidth == 80);
  CHECK(message_of([] { set_printoptions({.profile = "long"}); }) ==
        "print options: expected profile to be 'default', 'short' or 'full', found 'long'");
  CHECK(message_of([] { set_printoptions({.precision = -1}); }) ==
        "print options: expected precision to be 0 or more, found -1");
}

TEST_CASE("Tensors, shapes, devices and dtypes print to streams") {
  std::ostringstream out;
  out << tensor({1.0f}) << ' ' << Shape{2} << ' ' << Device("sim:1") << ' ' << DType::int8;
  CHECK(out.str() == "tensor([1.]) torch.Size([2]) sim:1 torch.int8");
}
