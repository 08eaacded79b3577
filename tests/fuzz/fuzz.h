// What is done with bytes that nobody vouches for: one function for each parser. Whatever they are, it returns.
//
// libFuzzer calls them with what it makes up (`./dev fuzz`), and a test with what it found interesting before
// (tests/fuzz/corpus). Errors of Cairn are how a parser says no; anything else (another exception, a sanitizer's word,
// memory beyond the limits) is a fault.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace fuzz {

/// A container: opened, inspected, verified, loaded, salvaged, its older states, its attributes, a slice of each
/// tensor.
void container(std::span<const std::byte> bytes);

/// One chunk: a codec's number, a dtype, how many elements, and the stored bytes.
void chunk(std::span<const std::byte> bytes);

/// A tree alone, with two tensors to refer to; what is read is written again and must be the same bytes.
void tree(std::span<const std::byte> bytes);

/// A safetensors file.
void safetensors(std::span<const std::byte> bytes);

struct Parser {
  std::string_view name;
  void (*run)(std::span<const std::byte> bytes);
};
inline constexpr Parser parsers[] = {
    {"container", container}, {"chunk", chunk}, {"tree", tree}, {"safetensors", safetensors}};

}  // namespace fuzz
