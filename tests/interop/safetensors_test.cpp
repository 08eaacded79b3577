// Files of the format, written by hand byte for byte, good ones and every kind of bad one.
#include <cairn/io/interop/safetensors.h>

#include <cstring>
#include <limits>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/print.h>

#include "catch.h"
#include "devices.h"

using namespace cairn;

namespace {

/// A file of this header, its size before it, and this many bytes of data: 0, 1, 2, ...
Bytes file(const std::string& header, std::size_t data_size) {
  Bytes bytes;
  const std::uint64_t size = header.size();
  bytes.data.resize(8 + header.size() + data_size);
  std::memcpy(bytes.data.data(), &size, 8);
  std::memcpy(bytes.data.data() + 8, header.data(), header.size());
  for (std::size_t i = 0; i < data_size; ++i) bytes.data[8 + header.size() + i] = static_cast<std::byte>(i);
  return bytes;
}

StateDict load(const std::string& header, std::size_t data_size, const interop::SafetensorsOptions& options = {}) {
  return interop::load_safetensors(*io::memory_source(file(header, data_size)), options);
}

std::string message_of(const std::string& header, std::size_t data_size) {
  try {
    load(header, data_size);
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was thrown";
}

constexpr const char* two =
    R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]}} )";

}  // namespace

TEST_CASE("tensors are read in the order of the header, with their numbers") {
  const StateDict state = load(two, 6);
  CHECK(state.keys() == std::vector<std::string>{"b", "a"});
  CHECK(to_string(state.at("b")) == "tensor([4, 5], dtype=torch.uint8)");
  CHECK(state.at("a").item_int64() == 0x03020100);
  CHECK(state.at("a").dim() == 0);
}

TEST_CASE("what was read goes to a device", "[device]") {
  for (const Device device : devices()) {
    const Tensor there = load(two, 6).at("b").to(device);
    CHECK(there.device() == device);
    CHECK(numbers<std::uint8_t>(there) == std::vector<std::uint8_t>{4, 5});
  }
}

TEST_CASE("every dtype of the format that Cairn has is read") {
  const std::pair<const char*, DType> dtypes[] = {{"BOOL", DType::boolean},
                                                  {"U8", DType::uint8},
                                                  {"I8", DType::int8},
                                                  {"I16", DType::int16},
                                                  {"I32", DType::int32},
                                                  {"I64", DType::int64},
                                                  {"F16", DType::float16},
                                                  {"BF16", DType::bfloat16},
                                                  {"F32", DType::float32},
                                                  {"F64", DType::float64},
                                                  {"F8_E4M3", DType::float8_e4m3fn},
                                                  {"F8_E5M2", DType::float8_e5m2},
                                                  {"C64", DType::complex64}};
  for (const auto& [name, dtype] : dtypes) {
    const std::size_t size = size_of(dtype);
    const StateDict state =
        load(text(R"({"x":{"dtype":")", name, R"(","shape":[1],"data_offsets":[0,)", size, "]}}"), size);
    CHECK(state.at("x").dtype() == dtype);
  }
  CHECK_THROWS_AS(load(R"({"x":{"dtype":"U16","shape":[1],"data_offsets":[0,2]}})", 2), DTypeError);
}

TEST_CASE("the metadata of the file is given to who asks") {
  Dict metadata;
  load(R"({"__metadata__":{"format":"pt","width":"4"}})", 0, {.metadata = &metadata});
  CHECK(to_string(Value(metadata)) == "{'format': 'pt', 'width': '4'}");
}

TEST_CASE("empty tensors and scalars take the bytes they should") {
  const StateDict state = load(
      R"({"empty":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"one":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})",
      1);
  CHECK(state.at("empty").shape() == Shape{0, 3});
  CHECK(state.at("one").numel() == 1);
}

TEST_CASE("a header size that cannot be is refused with both sizes") {
  const std::uint64_t size =
      GENERATE(std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, std::numeric_limits<std::uint64_t>::max());
  Bytes bytes = file(two, 6);
  std::memcpy(bytes.data.data(), &size, 8);
  CHECK_THROWS_WITH(interop::load_safetensors(*io::memory_source(bytes)),
                    Catch::Matchers::Contains(std::to_string(size)));
  CHECK_THROWS_AS(load(two, 6, {.header_size = 10}), FormatError);
  CHECK_THROWS_AS(interop::load_safetensors(*io::memory_source(Bytes{std::vector<std::byte>(5)})), FormatError);
}

TEST_CASE("a header that is not the format's JSON is refused") {
  const std::string tensor = R"("x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  for (const std::string& header : {
           std::string("[1]"),
           std::string(" {") + tensor + "}",
           std::string("\xEF\xBB\xBF{") + tensor + "}",
           "{" + tensor,
           "{" + tensor + "} x",
           "{" + tensor + ",}",
           std::string("{\"x\xFF\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"),
           std::string("{\0}", 3),
           std::string(R"({"x":1})"),
           std::string(R"({"x":[1]})"),
           std::string(R"({"x":null})"),
           std::string(R"({"x":{"dtype":8,"shape":[1],"data_offsets":[0,1]}})"),
           std::string(R"({"x":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})"),
           std::string(R"({"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})"),
           std::string(R"({"x":{"dtype":"U8","shape":[1e309],"data_offsets":[0,1]}})"),
           std::string(R"({"x":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})"),
           std::string(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0]}})"),
           std::string(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}})"),
           std::string(R"({"x":{"dtype":"U8","shape":[1]}})"),
           std::string(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1}})"),
           std::string(R"({"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})"),
           "{" + tensor + "," + tensor + "}",
           "{" + tensor + R"(,"\u0078":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
           "{" + tensor + R"(,"__metadata__":{"a":1}})",
           "{" + tensor + R"(,"__metadata__":{"a":"1","a":"2"}})",
           "{" + tensor + R"(,"__metadata__":{},"__metadata__":{}})",
           "{" + tensor + R"(,"__metadata__":"x"})",
       }) {
    CAPTURE(header);
    CHECK_THROWS_AS(load(header, 1), FormatError);
  }
  CHECK_THROWS_AS(load(std::string(100000, '['), 0), FormatError);
  std::string deep = "{\"x\":";
  for (int i = 0; i < 10000; ++i) deep += "{\"x\":";
  CHECK_THROWS_AS(load(deep, 0), FormatError);
}

TEST_CASE("tensors that do not cover the data exactly are refused, naming both neighbours") {
  const auto pair = [](const char* a, const char* b) {
    return text(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)", a,
                R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)", b, "}}");
  };
  CHECK_THAT(message_of(pair("[0,2]", "[1,3]"), 3),
             Catch::Matchers::Contains("tensor \"b\" begins at 1, but tensor \"a\" ends at 2"));
  CHECK_THAT(message_of(pair("[0,2]", "[3,5]"), 5),
             Catch::Matchers::Contains("tensor \"b\" begins at 3, but tensor \"a\" ends at 2"));
  CHECK_THAT(message_of(pair("[1,3]", "[3,5]"), 5),
             Catch::Matchers::Contains("tensor \"a\" begins at 1, but the header ends at 0"));
  CHECK_THAT(message_of(pair("[0,2]", "[2,4]"), 5),
             Catch::Matchers::Contains("tensor \"b\" ends at 4 of the data, but the file holds 5"));
  CHECK_THAT(message_of(pair("[0,2]", "[2,4]"), 3), Catch::Matchers::Contains("it was cut short"));
  CHECK_THAT(
      message_of(pair("[0,2]", "[4,2]"), 4),
      Catch::Matchers::Contains("data_offsets [4, 2] do not hold a uint8 tensor of shape [2], which takes 2 bytes"));
  CHECK_THAT(message_of(pair("[0,2]", "[2,5]"), 5), Catch::Matchers::Contains("tensor \"b\""));
  CHECK_THAT(message_of(R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
             Catch::Matchers::Contains("do not hold"));
}

TEST_CASE("a bool that is neither 0 nor 1 is refused") {
  CHECK_THROWS_WITH(load(R"({"x":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})", 3),
                    Catch::Matchers::Contains("element 2 is 2, and a bool is 0 or 1"));
}

TEST_CASE("a file that is not there is an IoError") {
  CHECK_THROWS_AS(interop::load_safetensors("/nowhere/x.safetensors"), IoError);
}
