// Element types: names, sizes, promotion as PyTorch's.
#include <cairn/core/dtype.h>

#include "catch.h"

#include <map>
#include <set>

#include <cairn/core/error.h>

using namespace cairn;

namespace {

constexpr DType all[] = {DType::boolean,       DType::uint8,       DType::int8,     DType::int16,   DType::int32,
                         DType::int64,         DType::float16,     DType::bfloat16, DType::float32, DType::float64,
                         DType::float8_e4m3fn, DType::float8_e5m2, DType::complex64};
static_assert(std::size(all) == dtype_count);

}  // namespace

TEST_CASE("Codes, sizes and names of dtypes are fixed, for files record them") {
  struct Row {
    DType dtype;
    int code;
    std::size_t size;
    const char* name;
    const char* scalar_type;
  };
  const Row rows[] = {{DType::boolean, 0, 1, "bool", "Bool"},
                      {DType::uint8, 1, 1, "uint8", "Byte"},
                      {DType::int8, 2, 1, "int8", "Char"},
                      {DType::int16, 3, 2, "int16", "Short"},
                      {DType::int32, 4, 4, "int32", "Int"},
                      {DType::int64, 5, 8, "int64", "Long"},
                      {DType::float16, 6, 2, "float16", "Half"},
                      {DType::bfloat16, 7, 2, "bfloat16", "BFloat16"},
                      {DType::float32, 8, 4, "float32", "Float"},
                      {DType::float64, 9, 8, "float64", "Double"},
                      {DType::float8_e4m3fn, 10, 1, "float8_e4m3fn", "Float8_e4m3fn"},
                      {DType::float8_e5m2, 11, 1, "float8_e5m2", "Float8_e5m2"},
                      {DType::complex64, 12, 8, "complex64", "ComplexFloat"}};
  static_assert(std::size(rows) == dtype_count);
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(static_cast<int>(row.dtype) == row.code);
    CHECK(size_of(row.dtype) == row.size);
    CHECK(name(row.dtype) == row.name);
    CHECK(scalar_type_name(row.dtype) == row.scalar_type);
    CHECK(to_string(row.dtype) == std::string("torch.") + row.name);
    CHECK(dtype_from_name(row.name) == row.dtype);
    CHECK(dtype_from_name(to_string(row.dtype)) == row.dtype);
  }
}

TEST_CASE("A C++ type names its dtype, and visit finds it again") {
  CHECK(dtype_of<float> == DType::float32);
  CHECK(dtype_of<std::int64_t> == DType::int64);
  CHECK(dtype_of<bool> == DType::boolean);
  for (DType dtype : all) {
    int calls = 0;
    visit(dtype, [&]<class T>() {
      ++calls;
      CHECK(dtype_of<T> == dtype);
      CHECK(sizeof(T) == size_of(dtype));
    });
    CHECK(calls == 1);
  }
}

TEST_CASE("An unknown name is an error that lists those there are") {
  for (const char* wrong : {"", "float", "Float32", "torch.", "torch.float33", "float32 "}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(dtype_from_name(wrong), DTypeError);
  }
  CHECK_THROWS_WITH(dtype_from_name("float33"), Catch::Matchers::Contains("'float33'") &&
                                                    Catch::Matchers::Contains("bool, uint8, int8") &&
                                                    Catch::Matchers::Contains("complex64"));
}

TEST_CASE("A code that names no dtype is an error") {
  CHECK_THROWS_AS(name(static_cast<DType>(13)), DTypeError);
  CHECK_THROWS_AS(category(static_cast<DType>(13)), DTypeError);
  CHECK_THROWS_AS(name(static_cast<DType>(255)), DTypeError);
}

TEST_CASE("Only floating types are floating, complex is a category of its own") {
  const std::set<DType> floating = {DType::float16, DType::bfloat16,      DType::float32,
                                    DType::float64, DType::float8_e4m3fn, DType::float8_e5m2};
  for (DType dtype : all) CHECK(is_floating_point(dtype) == (floating.count(dtype) == 1));
  CHECK(category(DType::complex64) == DTypeCategory::complex);
  CHECK(category(DType::boolean) == DTypeCategory::boolean);
}

TEST_CASE("promote_types agrees with torch.promote_types") {
  // The rows of torch.promote_types, as PyTorch prints them, for the types both have.
  const DType types[] = {DType::boolean, DType::uint8,    DType::int8,    DType::int16,   DType::int32,    DType::int64,
                         DType::float16, DType::bfloat16, DType::float32, DType::float64, DType::complex64};
  const char* const table[11][11] = {
      {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64"},
      {"uint8", "uint8", "int16", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64"},
      {"int8", "int16", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64"},
      {"int16", "int16", "int16", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64"},
      {"int32", "int32", "int32", "int32", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64"},
      {"int64", "int64", "int64", "int64", "int64", "int64", "float16", "bfloat16", "float32", "float64", "complex64"},
      {"float16", "float16", "float16", "float16", "float16", "float16", "float16", "float32", "float32", "float64",
       "complex64"},
      {"bfloat16", "bfloat16", "bfloat16", "bfloat16", "bfloat16", "bfloat16", "float32", "bfloat16", "float32",
       "float64", "complex64"},
      {"float32", "float32", "float32", "float32", "float32", "float32", "float32", "float32", "float32", "float64",
       "complex64"},
      {"float64", "float64", "float64", "float64", "float64", "float64", "float64", "float64", "float64", "float64",
       "error"},
      {"complex64", "complex64", "complex64", "complex64", "complex64", "complex64", "complex64", "complex64",
       "complex64", "error", "complex64"}};
  for (int a = 0; a < 11; ++a) {
    for (int b = 0; b < 11; ++b) {
      CAPTURE(name(types[a]), name(types[b]));
      if (table[a][b] == std::string("error"))
        CHECK_THROWS_AS(promote_types(types[a], types[b]), DTypeError);  // complex128
      else
        CHECK(name(promote_types(types[a], types[b])) == table[a][b]);
    }
  }
}

TEST_CASE("8-bit floats promote with themselves only, with PyTorch's text") {
  CHECK(promote_types(DType::float8_e5m2, DType::float8_e5m2) == DType::float8_e5m2);
  CHECK_THROWS_WITH(promote_types(DType::float8_e4m3fn, DType::float32),
                    "Promotion for Float8 Types is not supported, attempted to promote Float8_e4m3fn and Float");
  CHECK_THROWS_AS(promote_types(DType::float8_e4m3fn, DType::float8_e5m2), DTypeError);
  CHECK_THROWS_AS(promote_types(DType::int64, DType::float8_e5m2), DTypeError);
}
