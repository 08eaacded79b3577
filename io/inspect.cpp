#include <cairn/io/inspect.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <cairn/io/attribute_tree.h>
#include <cairn/io/codec.h>
#include <cairn/io/container.h>

namespace cairn::io {

namespace {

/// The codecs of a blob's chunks, each once, in order of first occurrence.
std::vector<std::string> codecs_of(const Index& index, std::uint32_t blob) {
  std::vector<std::string> names;
  std::array<bool, 256> seen{};
  for (std::uint64_t chunk = 0; chunk < index.chunk_count(blob); ++chunk) {
    const std::uint8_t id = index.chunk(blob, chunk).record.codec;
    if (std::exchange(seen[id], true)) continue;
    const Codec* codec = find_codec(id);
    names.push_back(codec ? std::string(codec->name) : "codec " + std::to_string(id));
  }
  return names;
}

}  // namespace

std::string hexadecimal(const std::array<std::byte, 16>& digest) {
  std::string text;
  for (const std::byte byte : digest) {
    for (const int shift : {4, 0}) text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> shift & 15];
  }
  return text;
}

FileFacts inspect(const SourceReference& source, const Limits& limits) {
  const Container container(source, limits);
  const Index& index = container.index();
  FileFacts facts;
  facts.version = format_version;
  facts.generation = container.commit().record.generation;
  std::memcpy(facts.root_digest.data(), &container.commit().record.root_digest, facts.root_digest.size());
  facts.torn = source->size() - container.commit().end();
  Attributes attributes = decode_attributes(container);
  facts.attributes = std::move(attributes.file);
  facts.file_size = source->size();
  facts.index_size = container.commit().index_size();
  facts.chunk_size = index.chunk_size();
  facts.decoded = index.decoded_size();

  const std::vector<std::string> names = container.labels();
  std::vector<std::vector<std::uint32_t>> sharing(index.blob_count());
  for (std::uint32_t i = 0; i < index.tensor_count(); ++i) sharing[index.tensor(i).blob].push_back(i);
  for (std::uint32_t i = 0; i < index.tensor_count(); ++i) {
    const TensorRecord record = index.tensor(i);
    const auto dtype = static_cast<DType>(index.blob(record.blob).dtype);
    TensorFacts tensor;
    tensor.name = names[i];
    tensor.dtype = dtype;
    tensor.shape = index.shape(i);
    tensor.strides = index.strides(i);
    tensor.offset = static_cast<std::int64_t>(record.offset);
    tensor.nbytes = static_cast<std::uint64_t>(tensor.shape.numel()) * size_of(dtype);
    tensor.codecs = codecs_of(index, record.blob);
    tensor.location = index.locations()[record.location];
    tensor.requires_grad = (record.flags & flag_requires_grad) != 0;
    tensor.is_parameter = (record.flags & flag_parameter) != 0;
    tensor.blob = record.blob;
    if (sharing[record.blob].front() == i) tensor.stored = index.stored_size(record.blob);
    for (const std::uint32_t other : sharing[record.blob]) {
      if (other != i) tensor.ties.push_back(names[other]);
    }
    facts.stored += tensor.stored;
    if (const auto said = attributes.tensors.find(names[i]); said != attributes.tensors.end())
      tensor.attributes = std::move(said->second);
    facts.tensors.push_back(std::move(tensor));
  }
  return facts;
}

FileFacts inspect(const std::string& path, const Limits& limits) { return inspect(open_source(path), limits); }

}  // namespace cairn::io
