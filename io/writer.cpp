#include <cairn/io/writer.h>

#include <bit>
#include <string>
#include <unordered_map>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/core/parallel.h>
#include <cairn/core/python_text.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/io/codec.h>
#include <cairn/io/report.h>
#include <cairn/io/tree.h>

namespace cairn::io {

namespace {

constexpr std::uint32_t generation = 1;  // a file written at once has one commit
constexpr Limits limits;

template <class T>
std::span<const std::byte> as_bytes(const std::vector<T>& records) {
  return std::as_bytes(std::span(records));
}

}  // namespace

/// A chunk on its way: what it is, and, once encoded, what is to be written.
struct Writer::Slot {
  std::uint32_t blob = 0, chunk = 0;
  std::uint64_t offset = 0, size = 0;  // in the blob, decoded
  Packed packed{};
  std::uint64_t checksum = 0;
  std::vector<Hash> leaves;
  Buffer gathered, scratch;
};

Writer::Writer(const Value& value, const SaveOptions& options) : options_(options) {
  check<ValueError>(std::has_single_bit(options.chunk_size) && options.chunk_size >= smallest_chunk_size &&
                        options.chunk_size <= largest_chunk_size,
                    "save: chunk_size is ", options.chunk_size, ", but must be a power of two from ",
                    smallest_chunk_size, " to ", largest_chunk_size);
  tree_.reserve(512);
  encode_tree(value, tree_, tensors_);
  check<ValueError>(tensors_.size() <= limits.tensors, "save: ", tensors_.size(), " tensors, but a file holds at most ",
                    limits.tensors);
  plan_ = plan_blobs(tensors_);
  std::uint64_t chunks = 0;
  for (const Blob& blob : plan_.blobs) chunks += count_pieces(blob.size, options.chunk_size);
  check<ValueError>(chunks <= UINT32_MAX, "save: ", chunks, " chunks, but a file holds at most ", UINT32_MAX,
                    "; choose a larger chunk_size");
  chunks_.reserve(static_cast<std::size_t>(chunks));
  blobs_.reserve(plan_.blobs.size());
  placements_.reserve(plan_.blobs.size());
}

std::uint64_t Writer::size_estimate() const {
  return plan_.total + plan_.total / 16 + 512 + tree_.size() + tensors_.size() * 256 + chunks_.capacity() * 32;
}

void Writer::write(Output& out) {
  Header header;
  header.checksum = checksum(bytes_of(header).first(offsetof(Header, checksum)));
  out.write(bytes_of(header));

  write_blobs(out);

  out.pad_to(align_up(out.position(), 8));
  CommitRecord commit;
  commit.generation = generation;
  commit.index_offset = out.position();
  std::vector<std::byte> index = this->index();
  const std::uint64_t pieces = count_pieces(index.size(), piece_size);
  const std::size_t body = index.size();
  for (std::uint64_t piece = 0; piece < pieces; ++piece) {
    const std::size_t begin = static_cast<std::size_t>(piece * piece_size);
    const auto bytes =
        std::span<const std::byte>(index).subspan(begin, std::min<std::size_t>(piece_size, body - begin));
    append(index, checksum(bytes) ^ scramble(generation, index_blob, static_cast<std::uint32_t>(piece)));
  }
  check<ValueError>(index.size() <= limits.index_size, "save: the index takes ", index.size(), " bytes, but may take ",
                    limits.index_size, "; keep large texts and bytes in tensors");
  out.write(index);
  commit.index_size = index.size();
  commit.index_checksum = checksum(std::span<const std::byte>(index).subspan(body));
  commit.root_digest = root_;
  commit.checksum = checksum(bytes_of(commit).first(offsetof(CommitRecord, checksum)));
  out.write(bytes_of(commit));
  out.flush();
}

// Chunks are taken in windows; those of a window are encoded at once, on all threads, and then written in order. What a
// chunk becomes depends on nothing but itself, so the file is the same for any number of threads.
void Writer::write_blobs(Output& out) {
  const int threads = plan_.total > options_.chunk_size ? concurrency() : 1;
  const std::uint64_t window_bytes = threads == 1 ? 1 : static_cast<std::uint64_t>(threads) * 4 * options_.chunk_size;
  const std::size_t window_chunks = threads == 1 ? 1 : 1024;
  std::vector<Slot> slots;
  std::size_t used = 0;
  std::uint64_t bytes = 0;
  const auto carry_out = [&] {
    if (used == 1)
      encode(slots[0]);
    else
      parallel_for(static_cast<std::int64_t>(used),
                   [&](std::int64_t i) { encode(slots[static_cast<std::size_t>(i)]); });
    for (std::size_t i = 0; i < used; ++i) place(slots[i], out);
    used = 0;
    bytes = 0;
  };
  for (std::uint32_t number = 0; number < plan_.blobs.size(); ++number) {
    const Blob& blob = plan_.blobs[number];
    const std::uint64_t chunks = count_pieces(blob.size, options_.chunk_size);
    if (chunks == 0) {
      if (used != 0) carry_out();
      blobs_.push_back({.size = 0, .digest = hash({}), .dtype = static_cast<std::uint8_t>(blob.dtype)});
      placements_.push_back({.offset = align_up(out.position(), 8), .generation = generation});
      out.pad_to(placements_.back().offset);
    }
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      if (used == slots.size()) slots.emplace_back();
      Slot& slot = slots[used++];
      slot.blob = number;
      slot.chunk = chunk;
      slot.offset = chunk * options_.chunk_size;
      slot.size = std::min(options_.chunk_size, blob.size - slot.offset);
      bytes += slot.size;
      if (used == window_chunks || bytes >= window_bytes) carry_out();
    }
  }
  if (used != 0) carry_out();
}

void Writer::encode(Slot& slot) const {
  const auto chunk = plan_.bytes(slot.blob, slot.offset, slot.size, slot.gathered);
  slot.leaves.clear();
  for (std::size_t at = 0; at < chunk.size(); at += leaf_size)
    slot.leaves.push_back(hash(chunk.subspan(at, std::min<std::size_t>(leaf_size, chunk.size() - at))));
  slot.packed = pack(chunk, plan_.blobs[slot.blob].dtype, options_.preset, slot.scratch);
  // A raw chunk of one leaf has been hashed already.
  const bool hashed = slot.packed.codec == &raw_codec && slot.leaves.size() == 1;
  slot.checksum =
      (hashed ? slot.leaves[0].low : checksum(slot.packed.bytes)) ^ scramble(generation, slot.blob, slot.chunk);
}

void Writer::place(Slot& slot, Output& out) {
  const Blob& blob = plan_.blobs[slot.blob];
  if (slot.chunk == 0) {
    const bool raw = slot.packed.codec == &raw_codec;
    out.pad_to(align_up(out.position(), raw ? blob_alignment(blob.size) : 8));
    placements_.push_back({.offset = out.position(), .generation = generation});
    leaves_.clear();
  }
  out.write(slot.packed.bytes);
  chunks_.push_back({.stored = static_cast<std::uint32_t>(slot.packed.bytes.size()),
                     .codec = slot.packed.codec->id,
                     .checksum = slot.checksum});
  leaves_.insert(leaves_.end(), slot.leaves.begin(), slot.leaves.end());
  if (slot.offset + slot.size == blob.size)
    blobs_.push_back(
        {.size = blob.size, .digest = hash(as_bytes(leaves_)), .dtype = static_cast<std::uint8_t>(blob.dtype)});
  done_ += slot.size;
  report(options_.progress, done_, plan_.total);
}

std::vector<std::byte> Writer::index() {
  std::vector<std::byte> index;
  index.reserve(static_cast<std::size_t>(size_estimate() - plan_.total - plan_.total / 16));
  append_content(index);
  root_ = hash(index);
  append(index, PlacementHeader{.chunk_size = static_cast<std::uint32_t>(options_.chunk_size),
                                .chunk_count = static_cast<std::uint32_t>(chunks_.size())});
  append(index, as_bytes(placements_));
  append(index, as_bytes(chunks_));
  return index;
}

void Writer::append_content(std::vector<std::byte>& index) {
  std::vector<std::byte> locations;
  std::vector<std::string> tags;
  const auto number_of = [&](const Tensor& tensor) {
    std::optional<std::string> given = options_.location_tag ? options_.location_tag(tensor) : std::nullopt;
    const std::string tag =
        given ? std::move(*given)
              : to_string(Device(tensor.device().type(), tensor.device().is_cpu() ? -1 : tensor.device().index()));
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if (tags[i] == tag) return static_cast<std::uint16_t>(i);
    }
    check<ValueError>(tag.size() <= limits.key_size && is_utf8(tag), "save: a location tag must be UTF-8 of at most ",
                      limits.key_size, " bytes");
    check<ValueError>(tags.size() < 0xffff, "save: more than 65535 different location tags");
    append_count(locations, tag.size());
    append(locations, std::as_bytes(std::span(tag)));
    tags.push_back(tag);
    return static_cast<std::uint16_t>(tags.size() - 1);
  };

  std::vector<TensorRecord> records;
  std::vector<std::int64_t> dimensions;
  records.reserve(tensors_.size());
  dimensions.reserve(tensors_.size() * 2);
  Device last_device;
  std::uint16_t last_location = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const Tensor& tensor = tensors_[i];
    const bool same = i > 0 && !options_.location_tag && tensor.device() == last_device;  // as a rule
    if (!same) last_location = number_of(tensor);
    last_device = tensor.device();
    const bool strided = tensor.strides() != contiguous_strides(tensor.shape());
    const bool parameter = tensor.impl()->is_parameter;
    records.push_back(
        {.blob = plan_.blob_of[i],
         .location = last_location,
         .rank = static_cast<std::uint8_t>(tensor.dim()),
         .flags = static_cast<std::uint8_t>((tensor.requires_grad() ? flag_requires_grad : 0) |
                                            (parameter ? flag_parameter : 0) | (strided ? flag_strided : 0)),
         .offset = plan_.offset_of[i]});
    dimensions.insert(dimensions.end(), tensor.shape().begin(), tensor.shape().end());
    if (strided) dimensions.insert(dimensions.end(), tensor.strides().begin(), tensor.strides().end());
  }

  check<ValueError>(dimensions.size() <= UINT32_MAX, "save: the tensors have more than ", UINT32_MAX,
                    " dimensions together");
  append(index, ContentHeader{.tree_size = tree_.size(),
                              .tensor_count = static_cast<std::uint32_t>(records.size()),
                              .blob_count = static_cast<std::uint32_t>(blobs_.size()),
                              .dimension_count = static_cast<std::uint32_t>(dimensions.size()),
                              .location_size = static_cast<std::uint32_t>(locations.size())});
  append(index, as_bytes(records));
  append(index, as_bytes(dimensions));
  append(index, as_bytes(blobs_));
  append(index, locations);
  append(index, tree_);
  index.resize(align_up(index.size(), 8));
}

}  // namespace cairn::io
