// What is in a file, told from its index without reading a number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <cairn/core/dtype.h>
#include <cairn/core/shape.h>
#include <cairn/core/value.h>
#include <cairn/io/limits.h>
#include <cairn/io/source.h>

namespace cairn::io {

struct TensorFacts {
  std::string name;  ///< Its path: keys and indices joined by dots; where two would be alike, dots inside a key have a
                     ///< "\" before.
  DType dtype = DType::float32;
  Shape shape;
  Shape strides;             ///< In elements.
  std::int64_t offset = 0;   ///< In elements, from the start of its blob.
  std::uint64_t nbytes = 0;  ///< Elements times their size.
  std::uint64_t stored = 0;  ///< Bytes its blob's chunks take in the file; 0 when a name before it shares the blob.
  std::vector<std::string> codecs;  ///< Of its blob's chunks, each once: "raw", "zstd".
  std::string location;             ///< The tag it was saved under: "cpu", "cuda:1".
  bool requires_grad = false;
  bool is_parameter = false;
  std::uint32_t blob = 0;         ///< Tensors of one blob share storage.
  std::vector<std::string> ties;  ///< The other names that share its blob.
  Dict attributes = {};           ///< What was said about it.
};

struct FileFacts {
  std::uint32_t version = 0;
  std::uint32_t generation = 0;             ///< The newest, which the rest is about.
  std::array<std::byte, 16> root_digest{};  ///< Of the content alone: the same for every preset and chunk size.
  std::uint64_t torn = 0;                   ///< Bytes behind the last commit: of an append that did not end.
  Dict attributes = {};                     ///< What was said about the file.
  std::uint64_t file_size = 0;
  std::uint64_t index_size = 0;
  std::uint64_t chunk_size = 0;
  std::uint64_t decoded = 0;         ///< Bytes of all blobs, decoded.
  std::uint64_t stored = 0;          ///< Bytes they take in the file.
  std::vector<TensorFacts> tensors;  ///< In the order of the tree.
};

std::string hexadecimal(const std::array<std::byte, 16>& digest);

/// Throws FormatError and IoError as `open` does.
FileFacts inspect(const std::string& path, const Limits& limits = {});
FileFacts inspect(const SourceReference& source, const Limits& limits = {});

}  // namespace cairn::io
