#include <cairn/io/index_writer.h>

#include <cairn/core/error.h>
#include <cairn/io/bytes.h>
#include <cairn/io/commit.h>
#include <cairn/io/limits.h>

namespace cairn::io {

namespace {

constexpr Limits limits;

std::vector<std::byte> content_of(const IndexParts& parts) {
  check<ValueError>(parts.dimensions.size() / sizeof(std::int64_t) <= UINT32_MAX, "save: the tensors have more than ",
                    UINT32_MAX, " dimensions together");
  std::vector<std::byte> bytes;
  const std::size_t content = sizeof(ContentHeader) + parts.tensors.size() + parts.dimensions.size() +
                              parts.blobs.size() + parts.locations.size() + parts.tree.size() + parts.attributes.size();
  bytes.reserve(index_size_of(content + 16 + parts.chunks.size_bytes()));
  append(bytes,
         ContentHeader{.tree_size = parts.tree.size(),
                       .attributes_size = parts.attributes.size(),
                       .tensor_count = static_cast<std::uint32_t>(parts.tensors.size() / sizeof(TensorRecord)),
                       .blob_count = static_cast<std::uint32_t>(parts.blobs.size() / sizeof(BlobRecord)),
                       .dimension_count = static_cast<std::uint32_t>(parts.dimensions.size() / sizeof(std::int64_t)),
                       .location_size = static_cast<std::uint32_t>(parts.locations.size())});
  for (const auto part : {parts.tensors, parts.dimensions, parts.blobs, parts.locations, parts.tree, parts.attributes})
    append(bytes, part);
  bytes.resize(align_up(bytes.size(), 8));
  return bytes;
}

}  // namespace

void write_commit(Output& out, const IndexParts& parts, std::uint32_t generation, std::uint64_t begin,
                  const std::function<void()>& before_commit) {
  std::vector<std::byte> index = content_of(parts);
  CommitRecord commit;
  commit.generation = generation;
  commit.begin = begin;
  commit.root_digest = hash(index);
  append(index, PlacementHeader{.chunk_size = static_cast<std::uint32_t>(parts.chunk_size),
                                .chunk_count = static_cast<std::uint32_t>(parts.chunks.size())});
  append(index, std::as_bytes(parts.chunks));
  const std::size_t body = index.size();
  for (std::size_t at = 0; at < body; at += piece_size) {
    const auto piece = std::span<const std::byte>(index).subspan(at, std::min<std::size_t>(piece_size, body - at));
    append(index, checksum(piece) ^ scramble(generation, index_blob, static_cast<std::uint32_t>(at / piece_size)));
  }
  check<ValueError>(index.size() <= limits.index_size, "save: the index takes ", index.size(), " bytes, but may take ",
                    limits.index_size, "; keep large texts and bytes in tensors");
  commit.index_checksum = checksum(std::span<const std::byte>(index).subspan(body));
  commit.index_offset = index_offset_after(out.position(), index.size());
  out.pad_to(commit.index_offset);
  out.write(index);
  if (before_commit) {
    out.flush();
    before_commit();
  }
  seal(commit, out.position());
  out.write(bytes_of(commit));
  out.flush();
}

}  // namespace cairn::io
