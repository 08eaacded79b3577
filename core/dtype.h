// The element types a tensor may have.
//
// To add one: an enumerator, a row, and its place in `Elements`, all below. Its size, its name, conversion from and to
// every other type, printing and files follow from the list. Arithmetic is offered where an operation lists the type.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <cairn/core/small_float.h>
#include <cairn/core/type_list.h>

namespace cairn {

/// Stored in files as one byte: a number, once given, is never given to another type.
enum class DType : std::uint8_t {
  boolean = 0,
  uint8 = 1,
  int8 = 2,
  int16 = 3,
  int32 = 4,
  int64 = 5,
  float16 = 6,
  bfloat16 = 7,
  float32 = 8,
  float64 = 9,
  float8_e4m3fn = 10,
  float8_e5m2 = 11,
  complex64 = 12,
};
inline constexpr std::size_t dtype_count = 13;

/// What arithmetic knows of a type, in the order in which PyTorch promotes: a result takes the highest category.
enum class DTypeCategory : std::uint8_t { boolean, integer, floating, complex };

template <class T>
struct Element;  ///< What Cairn knows of the C++ type `T`.

template <DType code, DTypeCategory kind>
struct ElementBase {
  static constexpr DType dtype = code;
  static constexpr DTypeCategory category = kind;
};
// clang-format off
template <> struct Element<bool>                : ElementBase<DType::boolean,       DTypeCategory::boolean>  { static constexpr std::string_view name = "bool"; };
template <> struct Element<std::uint8_t>        : ElementBase<DType::uint8,         DTypeCategory::integer>  { static constexpr std::string_view name = "uint8"; };
template <> struct Element<std::int8_t>         : ElementBase<DType::int8,          DTypeCategory::integer>  { static constexpr std::string_view name = "int8"; };
template <> struct Element<std::int16_t>        : ElementBase<DType::int16,         DTypeCategory::integer>  { static constexpr std::string_view name = "int16"; };
template <> struct Element<std::int32_t>        : ElementBase<DType::int32,         DTypeCategory::integer>  { static constexpr std::string_view name = "int32"; };
template <> struct Element<std::int64_t>        : ElementBase<DType::int64,         DTypeCategory::integer>  { static constexpr std::string_view name = "int64"; };
template <> struct Element<float16>             : ElementBase<DType::float16,       DTypeCategory::floating> { static constexpr std::string_view name = "float16"; };
template <> struct Element<bfloat16>            : ElementBase<DType::bfloat16,      DTypeCategory::floating> { static constexpr std::string_view name = "bfloat16"; };
template <> struct Element<float>               : ElementBase<DType::float32,       DTypeCategory::floating> { static constexpr std::string_view name = "float32"; };
template <> struct Element<double>              : ElementBase<DType::float64,       DTypeCategory::floating> { static constexpr std::string_view name = "float64"; };
template <> struct Element<float8_e4m3fn>       : ElementBase<DType::float8_e4m3fn, DTypeCategory::floating> { static constexpr std::string_view name = "float8_e4m3fn"; };
template <> struct Element<float8_e5m2>         : ElementBase<DType::float8_e5m2,   DTypeCategory::floating> { static constexpr std::string_view name = "float8_e5m2"; };
template <> struct Element<std::complex<float>> : ElementBase<DType::complex64,     DTypeCategory::complex>  { static constexpr std::string_view name = "complex64"; };
// clang-format on

/// Every element type, in the order of the codes.
using Elements = TypeList<bool, std::uint8_t, std::int8_t, std::int16_t, std::int32_t, std::int64_t, float16, bfloat16,
                          float, double, float8_e4m3fn, float8_e5m2, std::complex<float>>;
static_assert(Elements::size == dtype_count);

/// The dtype whose elements are `T`: `dtype_of<float> == DType::float32`.
template <class T>
inline constexpr DType dtype_of = Element<T>::dtype;

/// Calls `f.template operator()<T>()` with the C++ type `T` of `dtype`; does nothing for a code that names none.
template <class F>
constexpr void visit(DType dtype, F&& f) {
  for_each_type(Elements{}, [&]<class T>() {
    if (dtype_of<T> == dtype) f.template operator()<T>();
  });
}

namespace detail {
template <class... Types>
constexpr auto make_element_sizes(TypeList<Types...>) {
  struct {
    std::uint8_t of[sizeof...(Types)];
  } sizes = {{sizeof(Types)...}};
  return sizes;
}
inline constexpr auto element_sizes = make_element_sizes(Elements{});

template <class... Types>
constexpr auto make_element_categories(TypeList<Types...>) {
  struct {
    DTypeCategory of[sizeof...(Types)];
  } categories = {{Element<Types>::category...}};
  return categories;
}
inline constexpr auto element_categories = make_element_categories(Elements{});
}  // namespace detail

/// Bytes an element takes; 0 for a code that names no type.
constexpr std::size_t size_of(DType dtype) {
  return static_cast<std::size_t>(dtype) < dtype_count ? detail::element_sizes.of[static_cast<std::size_t>(dtype)] : 0;
}
std::string_view name(DType dtype);  ///< "float32"
std::string_view scalar_type_name(
    DType dtype);                           ///< "Float": the name PyTorch's C++ sources use, which some texts show.
std::string_view native_name(DType dtype);  ///< "unsigned char": the C++ type's name, which other texts show.
[[noreturn]] void throw_no_dtype(DType dtype);
constexpr DTypeCategory category(DType dtype) {
  if (static_cast<std::size_t>(dtype) >= dtype_count) throw_no_dtype(dtype);
  return detail::element_categories.of[static_cast<std::size_t>(dtype)];
}
constexpr bool is_floating_point(DType dtype) { return category(dtype) == DTypeCategory::floating; }
std::string to_string(DType dtype);  ///< As PyTorch prints it: "torch.float32".

/// The dtype of that name, with or without "torch."; throws DTypeError naming those there are.
DType dtype_from_name(std::string_view name);

/// The type that holds both, as PyTorch's `promote_types`: the higher category wins, then the wider type.
DType promote_types(DType a, DType b);

}  // namespace cairn
