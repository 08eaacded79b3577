// What is known of an element type at run time: rows derived from the list in dtype.h, and PyTorch's promotion rules.
#include <cairn/core/dtype.h>

#include <array>

#include <cairn/core/error.h>

namespace cairn {
namespace {

struct Row {
  std::size_t size;
  std::string_view name;
};

constexpr std::array<Row, dtype_count> make_rows() {
  std::array<Row, dtype_count> rows{};
  for_each_type(Elements{}, [&]<class T>() {
    rows[static_cast<std::size_t>(dtype_of<T>)] = {sizeof(T), Element<T>::name};
  });
  return rows;
}

constexpr std::array<Row, dtype_count> rows = make_rows();

const Row& row(DType dtype) {
  if (static_cast<std::size_t>(dtype) >= dtype_count) throw_no_dtype(dtype);
  return rows[static_cast<std::size_t>(dtype)];
}

bool is_float8(DType dtype) { return dtype == DType::float8_e4m3fn || dtype == DType::float8_e5m2; }

}  // namespace

void throw_no_dtype(DType dtype) {
  throw DTypeError(
      text("dtype: ", static_cast<int>(dtype), " is no code of an element type; codes end at ", dtype_count - 1));
}

std::string_view name(DType dtype) { return row(dtype).name; }

std::string_view scalar_type_name(DType dtype) {
  constexpr std::array<std::string_view, dtype_count> names = {
      "Bool",     "Byte",  "Char",   "Short",         "Int",         "Long",        "Half",
      "BFloat16", "Float", "Double", "Float8_e4m3fn", "Float8_e5m2", "ComplexFloat"};
  row(dtype);  // throws for a code that names none
  return names[static_cast<std::size_t>(dtype)];
}

std::string_view native_name(DType dtype) {
  constexpr std::array<std::string_view, dtype_count> names = {"bool",
                                                               "unsigned char",
                                                               "signed char",
                                                               "short int",
                                                               "int",
                                                               "long int",
                                                               "c10::Half",
                                                               "c10::BFloat16",
                                                               "float",
                                                               "double",
                                                               "c10::Float8_e4m3fn",
                                                               "c10::Float8_e5m2",
                                                               "c10::complex<float>"};
  row(dtype);  // throws for a code that names none
  return names[static_cast<std::size_t>(dtype)];
}

std::string to_string(DType dtype) { return "torch." + std::string(name(dtype)); }

DType dtype_from_name(std::string_view text) {
  std::string_view plain = text;
  if (plain.starts_with("torch.")) plain.remove_prefix(6);
  for (std::size_t code = 0; code < dtype_count; ++code) {
    if (rows[code].name == plain) return static_cast<DType>(code);
  }
  std::string names;
  for (const Row& known : rows) {
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  throw DTypeError(cairn::text("dtype: unknown name '", text, "'; expected one of ", names));
}

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  check<DTypeError>(!is_float8(a) && !is_float8(b),
                    "Promotion for Float8 Types is not supported, attempted to promote ", scalar_type_name(a), " and ",
                    scalar_type_name(b));
  if (category(a) != category(b)) {
    const DType higher = category(a) > category(b) ? a : b, lower = category(a) > category(b) ? b : a;
    check<DTypeError>(
        higher != DType::complex64 || lower != DType::float64,
        "promote_types: float64 and complex64 promote to complex128, which is no dtype here; convert one of them");
    return higher;
  }
  // Neither holds the other: the next wider type holds both.
  const auto pair = [&](DType x, DType y) { return (a == x && b == y) || (a == y && b == x); };
  if (pair(DType::uint8, DType::int8)) return DType::int16;
  if (pair(DType::float16, DType::bfloat16)) return DType::float32;
  return size_of(a) > size_of(b) ? a : b;
}

}  // namespace cairn
