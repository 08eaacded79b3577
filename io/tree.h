// The Value tree in bytes: one byte of kind, then the value; keys in order; tensors by their turn.
//
// A tree has one encoding (counts in their shortest form, big integers without a superfluous byte), so that equal trees
// are equal bytes. The n-th tensor met is the n-th tensor record of the index: the tree holds no reference that could
// lead elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <cairn/core/state_dict.h>
#include <cairn/core/value.h>
#include <cairn/io/limits.h>

namespace cairn::io {

/// Appends the tree to `bytes` and its tensors to `tensors`, in order. Throws ValueError, with the path, for what a
/// file cannot hold.
void encode_tree(const Value& value, std::vector<std::byte>& bytes, std::vector<Tensor>& tensors);

/// The Value that the bytes encode; `tensors[n]` stands where the n-th was. `base` is the offset of the first byte in
/// the file. Throws FormatError, also when there are more or fewer tensors than given.
Value decode_tree(std::span<const std::byte> bytes, std::span<const Tensor> tensors, std::string_view file,
                  std::uint64_t base, const Limits& limits);

}  // namespace cairn::io
