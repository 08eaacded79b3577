// Saving and loading again: every kind of Value, every dtype, every way tensors share storage; the same bytes every
// time.
#include "catch.h"

#include <cmath>
#include <limits>
#include <set>

#include "devices.h"
#include "instruction_sets.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;

namespace {

Value through_memory(const Value& value, const io::SaveOptions& options = {}) {
  return io::load_memory(io::save_to_memory(value, options).data);
}

}  // namespace

TEST_CASE("Every kind of Value comes back as it was", "[io][save]") {
  const Value value{
      {"none", nullptr},
      {"booleans", List{true, false}},
      {"integers", List{0, -1, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}},
      {"big", BigInteger::from_decimal("-123456789012345678901234567890")},
      {"floats", List{0.1, -0.0, INFINITY, -INFINITY, 5e-324}},
      {"not a number", std::numeric_limits<double>::quiet_NaN()},
      {"complex", std::complex<double>(1.5, -2)},
      {"text", "naïve 文字 \U0001F600 with \"quotes\""},
      {"empty text", ""},
      {"bytes", Bytes{{std::byte{0}, std::byte{255}}}},
      {"tuple", Tuple{1, Tuple{}, List{}}},
      {"set", Set{3, 1, "x"}},
      {"dict", Value{{1, "one"}, {"1", "text one"}, {-5, Value{{"", "empty key"}}}}},
      {"state", small_checkpoint()},
  };
  CHECK(same(through_memory(value), value));
  for (const auto& entry : value.as_dict())
    CHECK(same(through_memory(entry.second), entry.second));  // as the root, too
}

TEST_CASE("Tensors of every dtype come back bit for bit", "[io][save]") {
  for (std::size_t code = 0; code < dtype_count; ++code) {
    const auto dtype = static_cast<DType>(code);
    INFO(name(dtype));
    for (const io::Preset preset : {io::Preset::none, io::Preset::fast, io::Preset::small}) {
      const Value value =
          List{numbered({3, 4}, dtype), numbered({50000}, dtype), numbered({}, dtype), numbered({0, 3}, dtype)};
      CHECK(same(through_memory(value, {.preset = preset}), value));
    }
  }
}

TEST_CASE("Shapes, strides and flags are kept", "[io][save]") {
  const Tensor matrix = numbered({4, 6});
  const Tensor wide = numbered({1, 1, 1, 1, 1, 1, 1, 2});
  const Value value =
      List{matrix.t(), matrix.slice(1, 1, 5, 2), matrix.narrow(0, 1, 2), numbered({3}).expand({5, 3}),
           wide,       numbered({2, 0, 3}),      matrix.select(0, 2),    numbered({2, 3}).permute({1, 0})};
  const Value back = through_memory(value);
  CHECK(same(back, value));
  for (std::size_t i = 0; i < value.items().size(); ++i)
    CHECK(back.items()[i].as_tensor().strides() == value.items()[i].as_tensor().strides());

  Tensor parameter = numbered({2, 2});
  parameter.requires_grad_();
  set_is_parameter(parameter);
  const Tensor loaded = through_memory(parameter).as_tensor();
  CHECK(loaded.requires_grad());
  CHECK(loaded.is_leaf());
  CHECK(is_parameter(loaded));
  CHECK_FALSE(is_parameter(through_memory(numbered({2})).as_tensor()));
}

TEST_CASE("Tensors that share storage share it again, and it is stored once", "[io][save]") {
  const Tensor shared = numbered({1000, 100});
  const Value value = List{shared.narrow(0, 10, 5), shared, shared.t(), shared.select(1, 3), numbered({3})};
  const Bytes bytes = io::save_to_memory(value, {.preset = io::Preset::none});
  CHECK(bytes.data.size() < static_cast<std::size_t>(shared.nbytes()) * 17 / 16 + 2000);
  const Value back = io::load_memory(bytes.data);
  CHECK(same(back, value));
  const std::vector<Value>& items = back.items();
  for (int i = 1; i < 4; ++i)
    CHECK(items[0].as_tensor().shares_storage(items[static_cast<std::size_t>(i)].as_tensor()));
  CHECK_FALSE(items[0].as_tensor().shares_storage(items[4].as_tensor()));
  items[1].as_tensor().fill_(5);
  CHECK(items[0].as_tensor().sum().item() == 5 * 500);
}

TEST_CASE("Of a storage only what tensors reach is stored, and nothing else gets out", "[io][save]") {
  const Tensor secret = full({100000}, 7.0);
  SECTION("two far parts of one storage") {
    const Value value = List{secret.narrow(0, 90000, 10), secret.narrow(0, 5, 10)};
    const Bytes bytes = io::save_to_memory(value);
    CHECK(bytes.data.size() < 1000);
    const Value back = io::load_memory(bytes.data);
    CHECK(same(back, value));
    CHECK(back[0].as_tensor().shares_storage(back[1].as_tensor()));
  }
  SECTION("columns of a matrix: the others are written as zero") {
    const Tensor columns = secret.view({100, 1000}).slice(1, 0, 2);
    const Bytes bytes = io::save_to_memory(columns, {.preset = io::Preset::none});
    std::size_t sevens = 0;
    for (std::size_t i = 0; i + 4 <= bytes.data.size(); i += 4) {
      float number;
      std::memcpy(&number, bytes.data.data() + i, 4);
      sevens += number == 7.0f;
    }
    CHECK(sevens == 200);
    CHECK(same(io::load_memory(bytes.data), columns));
  }
  SECTION("what was beside the columns does not change the file") {
    const Tensor a = zeros({10, 10}), b = ones({10, 10});
    a.slice(1, 2, 4).fill_(3);
    b.slice(1, 2, 4).fill_(3);
    CHECK(io::save_to_memory(a.slice(1, 2, 4)) == io::save_to_memory(b.slice(1, 2, 4)));
  }
}

TEST_CASE("The same state gives the same bytes", "[io][save]") {
  const TemporaryFolder folder;
  for (const io::Preset preset : {io::Preset::none, io::Preset::fast, io::Preset::small, io::Preset::max}) {
    const Bytes once = io::save_to_memory(large_checkpoint(), {.preset = preset});
    CHECK(once == io::save_to_memory(large_checkpoint(), {.preset = preset}));

    io::save(folder.file("a"), large_checkpoint(), {.preset = preset, .synced = false});
    io::save(folder.file("another name.cairn"), large_checkpoint(), {.preset = preset});
    const std::string file = read_file(folder.file("a"));
    CHECK(file == read_file(folder.file("another name.cairn")));
    CHECK(file == std::string(reinterpret_cast<const char*>(once.data.data()), once.data.size()));

    on_every_instruction_set([&] {
      for (const int threads : {1, 3, 8}) {
        ThreadPool pool(threads);
        UseExecutor use(pool);
        CHECK(once == io::save_to_memory(large_checkpoint(), {.preset = preset}));
        CHECK(same(io::load_memory(once.data), large_checkpoint()));
      }
    });
    CHECK(once == io::save_to_memory(io::load_memory(once.data), {.preset = preset}));
    Bytes used{std::vector<std::byte>(once.data.size() * 2, std::byte{7})};  // memory that held something else
    const std::byte* memory = used.data.data();
    io::save_to_memory(large_checkpoint(), used, {.preset = preset});
    CHECK(once == used);
    CHECK(used.data.data() == memory);
    CHECK(once == io::save_to_memory(io::open_memory(once.data), {.preset = preset}));  // deferred tensors are read
    Bytes streamed;
    io::save_to(
        [&](std::span<const std::byte> bytes) {
          streamed.data.insert(streamed.data.end(), bytes.begin(), bytes.end());
        },
        large_checkpoint(), {.preset = preset});
    CHECK(once == streamed);
  }
}

TEST_CASE("The root digest is the content's, whatever the packing", "[io][save]") {
  std::set<std::string> digests;
  for (const io::Preset preset : {io::Preset::none, io::Preset::fast, io::Preset::small}) {
    for (const std::uint64_t chunk : {std::uint64_t{1} << 20, std::uint64_t{4} << 20}) {
      const Bytes bytes = io::save_to_memory(large_checkpoint(), {.preset = preset, .chunk_size = chunk});
      CHECK(io::verify(io::memory_source(bytes)).empty());
      CHECK(same(io::load_memory(bytes.data), large_checkpoint()));
      digests.insert(io::hexadecimal(io::inspect(io::memory_source(bytes)).root_digest));
    }
  }
  CHECK(digests.size() == 1);
  const Value other = large_checkpoint();
  other["half"].as_tensor().fill_(1);
  digests.insert(io::hexadecimal(io::inspect(io::memory_source(io::save_to_memory(other))).root_digest));
  CHECK(digests.size() == 2);
}

TEST_CASE("Presets pack what can be packed", "[io][save]") {
  const Value compressible = zeros({1 << 20});
  CHECK(io::save_to_memory(compressible, {.preset = io::Preset::none}).data.size() > (4u << 20));
  CHECK(io::save_to_memory(compressible, {.preset = io::Preset::fast}).data.size() < 10000);
  CHECK(io::save_to_memory(compressible, {.preset = io::Preset::small}).data.size() < 10000);
  Generator generator(1);
  const Value noise = rand({1 << 18}, {}, generator).to(DType::float64);
  const auto size = [&](io::Preset preset) { return io::save_to_memory(noise, {.preset = preset}).data.size(); };
  CHECK(size(io::Preset::small) <= size(io::Preset::fast));
  CHECK(size(io::Preset::fast) <= size(io::Preset::none));
}

TEST_CASE("A file of a few numbers is small", "[io][save]") {
  CHECK(io::save_to_memory(numbered({64})).data.size() <= 576);
}

TEST_CASE("What a file cannot hold is refused by name, before anything is written", "[io][save]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("x");
  const auto refuse = [&](const Value& value, const std::string& what) {
    INFO(what);
    CHECK_THROWS_WITH(io::save(path, value), Catch::Matchers::Contains(what));
    CHECK_THROWS_AS(io::save(path, value), ValueError);
  };
  refuse({{"a", List{1, Tensor()}}}, "at \"a.1\": an undefined tensor");
  refuse({{"a", zeros({2}, {.device = "meta"})}}, "at \"a\": a meta tensor has no numbers");
  refuse({{"a", std::string("\xff")}}, "at \"a\": a text is not UTF-8");
  refuse({{std::string(5000, 'k'), 1}}, "a key of 5000 bytes");
  Value deep = 1;
  for (int i = 0; i < 65; ++i) deep = List{deep};
  refuse(deep, "more than 64 levels deep");
  Set twice;
  twice.items = {1, 2, 1};
  refuse(twice, "a set holds an item twice");
  CHECK_THROWS_AS(io::save(path, 1, {.chunk_size = 1000}), ValueError);
  CHECK(std::filesystem::is_empty(folder.path()));

  Value just = List{};  // 64 containers, the innermost empty
  for (int i = 0; i < 63; ++i) just = List{just};
  CHECK(same(through_memory(just), just));
}

TEST_CASE("Tensors on a device are saved from there, and their device is recorded", "[io][save][device]") {
  const Device device = GENERATE(from_range(devices()));
  CAPTURE(device);
  const Tensor here = numbered({700, 1000});
  const Tensor there = here.to(device);
  const Bytes bytes = io::save_to_memory(List{there, there.t(), there.slice(1, 0, 3), numbered({3})});
  const io::FileFacts facts = io::inspect(io::memory_source(bytes));
  CHECK(facts.tensors[0].location == to_string(device));
  CHECK(facts.tensors[3].location == "cpu");
  const Value back = io::load_memory(bytes.data);
  CHECK(back[0].as_tensor().device() == device);
  CHECK(elements(back[0].as_tensor()) == elements(here));
  CHECK(elements(back[1].as_tensor()) == elements(here.t()));
  CHECK(elements(back[2].as_tensor()) == elements(here.slice(1, 0, 3)));
}

TEST_CASE("Tensors of every dtype and layout come back from a device bit for bit", "[io][save][device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    for (std::size_t code = 0; code < dtype_count; ++code) {
      const auto dtype = static_cast<DType>(code);
      const Tensor matrix = numbered({40, 60}, dtype).to(device);
      const Value value = List{matrix,
                               matrix.t(),
                               matrix.slice(1, 1, 50, 2),
                               numbered({}, dtype).to(device),
                               numbered({0, 3}, dtype).to(device),
                               numbered({300000}, dtype).to(device),
                               numbered({3}, dtype).to(device).expand({5, 3})};
      for (const io::Preset preset : {io::Preset::none, io::Preset::fast})
        CHECK(same(through_memory(value, {.preset = preset}), value));
    }
  }
}

TEST_CASE("A file differs from the CPU's in the recorded device alone", "[io][save][device]") {
  for (const Device device : devices()) {
    const Tensor here = numbered({700, 1000});
    const auto tag = [](const Tensor&) { return std::string("somewhere"); };
    const io::SaveOptions options{.location_tag = tag};
    const Tensor there = here.to(device);
    CHECK(io::save_to_memory(List{there, there.t()}, options) == io::save_to_memory(List{here, here.t()}, options));
  }
}

TEST_CASE("A save of numbers whose computation failed on the device fails, and the old file stays",
          "[io][save][device]") {
  const TemporaryFolder folder;
  for (const Device device : devices()) {
    if (device.type() == Device::Type::sim) continue;  // there it is a loss of NaN
    CAPTURE(device);
    write_file(folder.file("x"), "old");
    const Tensor loss =
        cross_entropy(zeros({1, 3}, {.device = device}), full({1}, 5, {.dtype = DType::int64, .device = device}));
    CHECK_THROWS_AS(io::save(folder.file("x"), loss), DeviceError);
    CHECK(read_file(folder.file("x")) == "old");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    CHECK_NOTHROW(io::save(folder.file("x"), ones({3}, {.device = device})));
  }
}

TEST_CASE("A save tells its progress and can be cancelled", "[io][save]") {
  const TemporaryFolder folder;
  std::uint64_t last = 0, whole = 0;
  io::save(folder.file("x"), large_checkpoint(), {.progress = [&](std::uint64_t done, std::uint64_t total) {
             CHECK(done >= last);
             last = done, whole = total;
             return true;
           }});
  CHECK(last == whole);
  CHECK(whole == io::inspect(folder.file("x")).decoded);

  write_file(folder.file("y"), "old");
  CHECK_THROWS_AS(
      io::save(folder.file("y"), large_checkpoint(), {.progress = [](std::uint64_t, std::uint64_t) { return false; }}),
      Cancelled);
  CHECK(read_file(folder.file("y")) == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("Bools that are neither 0 nor 1 are not saved", "[io][save]") {
  std::byte byte{2};
  const Tensor mask = from_borrowed(&byte, {1}, DType::boolean);
  CHECK_THROWS_WITH(io::save_to_memory({{"a", ones({2})}, {"model", Value{{"mask", mask}}}}),
                    Catch::Matchers::Contains("\"model.mask\", elements 0 to 0: a bool is neither 0 nor 1"));
}
