#include <cairn/io/writer.h>

#include <algorithm>
#include <bit>
#include <string>
#include <unordered_map>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/core/parallel.h>
#include <cairn/core/python_text.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/io/attribute_tree.h>
#include <cairn/io/codec.h>
#include <cairn/io/index_writer.h>
#include <cairn/io/labels.h>
#include <cairn/io/report.h>
#include <cairn/io/tree.h>

namespace cairn::io {

namespace {

constexpr Limits limits;
constexpr std::uint32_t no_blob = UINT32_MAX;
constexpr std::uint64_t largest_window = std::uint64_t{64} << 20;  // of chunks that are packed at a time

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

Writer::Writer(const Value& value, const SaveOptions& options, const Container* base)
    : options_(options), base_(base), chunk_size_(base ? base->index().chunk_size() : options.chunk_size) {
  check<ValueError>(
      std::has_single_bit(chunk_size_) && chunk_size_ >= smallest_chunk_size && chunk_size_ <= largest_chunk_size,
      "save: chunk_size is ", chunk_size_, ", but must be a power of two from ", smallest_chunk_size, " to ",
      largest_chunk_size);
  if (base) {
    generation_ = base->commit().record.generation + 1;
    check<ValueError>(generation_ != 0, "append: the file has 4294967295 generations, and can have no more");
    value.for_each_tensor([&](const std::string& path, const Tensor&) { names_.push_back(path); }, true);
  }
  tree_.reserve(512);
  encode_tree(value, tree_, tensors_);
  if (!options.attributes.empty()) attributes_ = encode_attributes(options.attributes, tensor_labels(value));
  check<ValueError>(tensors_.size() <= limits.tensors, "save: ", tensors_.size(), " tensors, but a file holds at most ",
                    limits.tensors);
  plan_ = plan_blobs(tensors_);
  std::uint64_t chunks = 0;
  for (const Blob& blob : plan_.blobs) chunks += count_pieces(blob.size, chunk_size_);
  check<ValueError>(chunks <= UINT32_MAX, "save: ", chunks, " chunks, but a file holds at most ", UINT32_MAX,
                    "; choose a larger chunk_size");
  chunks_.reserve(static_cast<std::size_t>(chunks));
  blobs_.reserve(plan_.blobs.size());
  make_records();
}

std::uint64_t Writer::staged_size() const {
  std::uint64_t size = 0;  // whole chunks need no padding, so only a blob's last has any
  for (const Blob& blob : plan_.blobs) size += align_up(blob.size, staging_alignment);
  return size;
}

void Writer::take_from(Staging& staging) { staged_ = &staging; }

bool Writer::put_into(Staging& staging) const {
  Buffer gathered;
  for (std::uint32_t blob = 0; blob < plan_.blobs.size(); ++blob) {
    const std::uint64_t size = plan_.blobs[blob].size;
    for (std::uint64_t at = 0; at < size; at += chunk_size_) {
      if (!staging.put(plan_.bytes(blob, at, std::min(chunk_size_, size - at), gathered))) return false;
    }
  }
  staging.complete();
  return true;
}

void Writer::let_go_of_tensors() {
  tensors_.clear();
  plan_.copies.clear();
}

std::uint64_t Writer::size_estimate() const {
  return plan_.total + plan_.total / 16 + 512 + tree_.size() + attributes_.size() + records_.size() * 256 +
         chunks_.capacity() * 32;
}

void Writer::write(Output& out, const std::function<void()>& before_commit) {
  const std::uint64_t begin = base_ ? base_->commit().end() : sizeof(Header);
  if (base_) {
    find_unchanged();
  } else {
    const Header header = sealed_header();
    out.write(bytes_of(header));
  }
  write_blobs(out);
  write_commit(out,
               {.tensors = as_bytes(records_),
                .dimensions = as_bytes(dimensions_),
                .blobs = as_bytes(blobs_),
                .locations = locations_,
                .tree = tree_,
                .attributes = attributes_,
                .chunk_size = chunk_size_,
                .chunks = chunks_},
               generation_, begin, before_commit);
}

// What the base has already. All numbers are hashed once for that, and those that have changed a second time when they
// are packed.
void Writer::find_unchanged() {
  const Index& index = base_->index();
  const auto hash_of = [](const Hash& digest) { return static_cast<std::size_t>(digest.low); };
  std::unordered_map<Hash, std::uint32_t, decltype(hash_of)> by_digest(index.blob_count(), hash_of);
  for (std::uint32_t i = 0; i < index.blob_count(); ++i) by_digest.try_emplace(index.blob(i).digest, i);
  std::unordered_map<std::string, std::uint32_t> by_name;
  const std::vector<std::string> names = base_->names();
  for (std::uint32_t i = 0; i < names.size(); ++i) by_name.emplace(names[i], index.tensor(i).blob);

  const std::size_t count = plan_.blobs.size();
  unchanged_.assign(count, no_blob);
  similar_.assign(count, no_blob);
  digests_.resize(count);
  parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t i) {
    const auto number = static_cast<std::uint32_t>(i);
    const Blob& blob = plan_.blobs[number];
    std::vector<Hash> leaves;
    Buffer gathered;
    for (std::uint64_t at = 0; at < blob.size; at += leaf_size)
      leaves.push_back(hash(plan_.bytes(number, at, std::min(leaf_size, blob.size - at), gathered)));
    digests_[number] = hash(as_bytes(leaves));
  });
  const auto is_like = [&](std::uint32_t theirs, std::size_t mine) {
    const BlobRecord record = index.blob(theirs);
    return record.size == plan_.blobs[mine].size && static_cast<DType>(record.dtype) == plan_.blobs[mine].dtype;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = by_digest.find(digests_[i]);
    if (found != by_digest.end() && is_like(found->second, i)) unchanged_[i] = found->second;
  }
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const std::uint32_t blob = plan_.blob_of[i];
    const auto found = by_name.find(names_[i]);
    if (found != by_name.end() && similar_[blob] == no_blob && is_like(found->second, blob))
      similar_[blob] = found->second;
  }
}

// Chunks are taken in windows; those of a window are encoded at once, on all threads, and then written in order. What a
// chunk becomes depends on nothing but itself, so the file is the same for any number of threads.
void Writer::write_blobs(Output& out) {
  const int threads = plan_.total > chunk_size_ && !staged_ ? concurrency() : 1;
  // Of one thread: raw chunks that can be written together, with one call; packed ones each while it is in the cache.
  // Of several: few chunks of each thread, for the same reason.
  const bool one_by_one = threads == 1 && (!out.collects() || staged_ || options_.preset != Preset::none);
  const std::uint64_t window_bytes =
      one_by_one ? 1
                 : std::min<std::uint64_t>(static_cast<std::uint64_t>(threads == 1 ? 8 : threads * 2) * chunk_size_,
                                           largest_window);
  const std::size_t window_chunks = one_by_one ? 1 : 1024;
  const bool overlapped = threads > 1 && out.may_be_written_by_any_thread();
  std::vector<Slot> slots, written;  // being encoded; being written
  std::size_t used = 0, to_write = 0;
  std::uint64_t bytes = 0;
  const auto write_all = [&] {
    for (std::size_t i = 0; i < to_write; ++i) place(written[i], out);
    out.settle();
    if (staged_ && to_write == 1) staged_->release();  // now that nothing lies there any more
  };
  const auto carry_out = [&] {
    if (overlapped && used + to_write > 1) {
      parallel_for(static_cast<std::int64_t>(used) + 1,
                   [&](std::int64_t i) { i == 0 ? write_all() : encode(slots[static_cast<std::size_t>(i - 1)]); });
    } else {
      write_all();
      if (used == 1)
        encode(slots[0]);
      else
        parallel_for(static_cast<std::int64_t>(used),
                     [&](std::int64_t i) { encode(slots[static_cast<std::size_t>(i)]); });
    }
    std::swap(slots, written);
    to_write = used;
    if (!overlapped) write_all(), to_write = 0;
    report(options_.progress, done_, plan_.total);
    used = 0;
    bytes = 0;
  };
  const auto finish = [&] {
    if (used != 0) carry_out();
    write_all();
    to_write = 0;
  };
  for (std::uint32_t number = 0; number < plan_.blobs.size(); ++number) {
    const Blob& blob = plan_.blobs[number];
    const std::uint64_t chunks = count_pieces(blob.size, chunk_size_);
    if (chunks == 0 || (base_ && unchanged_[number] != no_blob)) {
      finish();
      if (chunks == 0)
        add_blob(blob, hash({}));
      else
        carry_over(number);
      continue;
    }
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      if (used == slots.size()) slots.emplace_back();
      Slot& slot = slots[used++];
      slot.blob = number;
      slot.chunk = chunk;
      slot.offset = chunk * chunk_size_;
      slot.size = std::min(chunk_size_, blob.size - slot.offset);
      bytes += slot.size;
      if (used == window_chunks || bytes >= window_bytes) carry_out();
    }
  }
  finish();
  if (plan_.total > 0) report(options_.progress, done_, plan_.total);
}

std::span<const std::byte> Writer::bytes_of_chunk(Slot& slot) const {
  if (!staged_) return plan_.bytes(slot.blob, slot.offset, slot.size, slot.gathered);
  const auto staged = staged_->take();
  if (!staged) throw Cancelled("save: the numbers could not be copied");
  return *staged;
}

void Writer::encode(Slot& slot) const {
  const auto chunk = bytes_of_chunk(slot);
  if (const char* wrong = fault_of(chunk, plan_.blobs[slot.blob].dtype))
    throw ValueError(text("save: \"", label_of(slot.blob), "\", elements ", slot.offset, " to ",
                          slot.offset + slot.size - 1, ": ", wrong,
                          ", as in memory that nobody has written to; fill the tensor first"));
  slot.leaves.resize(count_pieces(chunk.size(), leaf_size));
  const bool one_leaf = slot.leaves.size() == 1;  // as a rule; then packing hashes it by the way
  slot.packed =
      pack(chunk, plan_.blobs[slot.blob].dtype, options_.preset, slot.scratch, one_leaf ? &slot.leaves[0] : nullptr);
  for (std::size_t i = 0; i < slot.leaves.size() && !one_leaf; ++i)
    slot.leaves[i] = hash(chunk.subspan(i * leaf_size, std::min(leaf_size, chunk.size() - i * leaf_size)));
  const bool hashed = slot.packed.codec == &raw_codec && one_leaf;
  slot.checksum =
      (hashed ? slot.leaves[0].low : checksum(slot.packed.bytes)) ^ scramble(generation_, slot.blob, slot.chunk);
}

/// The name of the first tensor of a blob, for messages.
std::string Writer::label_of(std::uint32_t blob) const {
  const std::vector<Tensor> undefined(records_.size());
  const std::vector<std::string> labels = tensor_labels(decode_tree(tree_, undefined, "save", 0, limits));
  const auto first = std::find(plan_.blob_of.begin(), plan_.blob_of.end(), blob);
  return labels[static_cast<std::size_t>(first - plan_.blob_of.begin())];
}

/// A chunk of the base as a chunk of this generation.
ChunkRecord Writer::carried(std::uint32_t base_blob, std::uint32_t blob, std::uint32_t chunk) const {
  ChunkRecord record = base_->unbound(base_blob, chunk);
  record.checksum ^= scramble(generation_, blob, chunk);
  return record;
}

void Writer::carry_over(std::uint32_t number) {
  const std::uint64_t chunks = count_pieces(plan_.blobs[number].size, chunk_size_);
  for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) chunks_.push_back(carried(unchanged_[number], number, chunk));
  add_blob(plan_.blobs[number], digests_[number]);
  done_ += plan_.blobs[number].size;
}

void Writer::add_blob(const Blob& blob, const Hash& digest) {
  blobs_.push_back({.size = blob.size, .digest = digest, .dtype = static_cast<std::uint8_t>(blob.dtype)});
}

void Writer::place(Slot& slot, Output& out) {
  const Blob& blob = plan_.blobs[slot.blob];
  if (slot.chunk == 0) {
    leaves_.clear();
    in_run_ = false;
  }
  ChunkRecord record{.checksum = slot.checksum,
                     .stored = static_cast<std::uint32_t>(slot.packed.bytes.size()),
                     .codec = slot.packed.codec->id};
  if (base_ && similar_[slot.blob] != no_blob) {
    const ChunkRecord before = carried(similar_[slot.blob], slot.blob, slot.chunk);
    if (before.checksum == record.checksum && before.stored == record.stored && before.codec == record.codec)
      record.offset = before.offset;
  }
  if (record.offset == 0) {
    if (!in_run_) out.pad_to(align_up(out.position(), run_alignment(blob.size, record.codec == raw_codec.id)));
    record.offset = out.position();
    out.write_lasting(slot.packed.bytes);
    in_run_ = true;
  } else {
    in_run_ = false;
  }
  chunks_.push_back(record);
  leaves_.insert(leaves_.end(), slot.leaves.begin(), slot.leaves.end());
  if (slot.offset + slot.size == blob.size) add_blob(blob, hash(as_bytes(leaves_)));
  done_ += slot.size;
}

void Writer::make_records() {
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
    append_count(locations_, tag.size());
    append(locations_, std::as_bytes(std::span(tag)));
    tags.push_back(tag);
    return static_cast<std::uint16_t>(tags.size() - 1);
  };

  records_.reserve(tensors_.size());
  dimensions_.reserve(tensors_.size() * 2);
  Device last_device;
  std::uint16_t last_location = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const Tensor& tensor = tensors_[i];
    const bool same = i > 0 && !options_.location_tag && tensor.device() == last_device;  // as a rule
    if (!same) last_location = number_of(tensor);
    last_device = tensor.device();
    const bool strided = tensor.strides() != contiguous_strides(tensor.shape());
    const bool parameter = tensor.impl()->is_parameter;
    records_.push_back(
        {.blob = plan_.blob_of[i],
         .location = last_location,
         .rank = static_cast<std::uint8_t>(tensor.dim()),
         .flags = static_cast<std::uint8_t>((tensor.requires_grad() ? flag_requires_grad : 0) |
                                            (parameter ? flag_parameter : 0) | (strided ? flag_strided : 0)),
         .offset = plan_.offset_of[i]});
    dimensions_.insert(dimensions_.end(), tensor.shape().begin(), tensor.shape().end());
    if (strided) dimensions_.insert(dimensions_.end(), tensor.strides().begin(), tensor.strides().end());
  }
}

}  // namespace cairn::io
