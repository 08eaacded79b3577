// Attributes as they are stored: a tree, a dict from a tensor's number (or file_attributes) to its dict, in order.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <cairn/io/attributes.h>
#include <cairn/io/container.h>

namespace cairn::io {

/// Nothing when there are none. Throws KeyError for a name that is not among the labels.
std::vector<std::byte> encode_attributes(const Attributes& attributes, std::span<const std::string> labels);

/// Throws FormatError.
Attributes decode_attributes(const Container& container);

}  // namespace cairn::io
