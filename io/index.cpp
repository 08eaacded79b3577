#include <cairn/io/index.h>

#include <algorithm>
#include <bit>

#include <cairn/core/dtype.h>
#include <cairn/core/python_text.h>
#include <cairn/io/codec.h>

namespace cairn::io {

namespace {

/// The span within `in`'s file of `count` records of type T.
template <class T>
std::span<const std::byte> take_records(ByteReader& in, std::uint64_t count, const char* field) {
  return in.take(count * sizeof(T), field);  // counts have 32 bits: this cannot overflow
}

bool is_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

Index::Index(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t generation, const std::string& file,
             const Limits& limits) {
  ByteReader in(bytes, file, offset);
  read_content(in, limits);
  content_ = bytes.first(static_cast<std::size_t>(in.offset() - offset));
  check_blobs(in, limits);
  check_tensors(in, limits);
  read_placement(in, offset, generation, limits);
  if (in.left() != 0) in.fail("index", text(in.left(), " bytes follow its end"));
}

void Index::read_content(ByteReader& in, const Limits& limits) {
  const std::uint64_t start = in.offset();
  counts_ = in.record<ContentHeader>("counts");
  if (counts_.tensor_count > limits.tensors)
    in.fail("number of tensors",
            text("it is ", counts_.tensor_count, ", but may be at most ", limits.tensors, "; see Limits::tensors"));
  tensors_ = take_records<TensorRecord>(in, counts_.tensor_count, "tensor records");
  dimensions_ = take_records<std::uint64_t>(in, counts_.dimension_count, "dimensions");
  blobs_ = take_records<BlobRecord>(in, counts_.blob_count, "blob records");
  const std::uint64_t locations = in.left();
  while (locations - in.left() < counts_.location_size) {
    const std::uint64_t size = in.count("size of a location");
    if (size > limits.key_size)
      in.fail("size of a location", text("it is ", size, ", but may be at most ", limits.key_size));
    const auto taken = in.take(size, "location");
    std::string tag(reinterpret_cast<const char*>(taken.data()), taken.size());
    if (!is_utf8(tag)) in.fail("location", "it is not UTF-8");
    if (std::find(locations_.begin(), locations_.end(), tag) != locations_.end())
      in.fail("location", "it occurs twice");
    if (locations_.size() == 0xffff) in.fail("location", "there are more than 65535");
    locations_.push_back(std::move(tag));
  }
  if (locations - in.left() != counts_.location_size) in.fail("locations", "they take more bytes than announced");
  tree_offset_ = in.offset();
  tree_ = in.take(counts_.tree_size, "tree");
  const std::uint64_t size = in.offset() - start;
  if (!is_zero(in.take(align_up(size, 8) - size, "padding"))) in.fail("padding", "it is not zero");
}

void Index::check_blobs(ByteReader& in, const Limits& limits) {
  for (std::uint32_t i = 0; i < blob_count(); ++i) {
    const BlobRecord record = blob(i);
    if (record.dtype >= dtype_count)
      in.fail("dtype of a blob", text("it is ", int{record.dtype}, ", which this version does not know"));
    if (!is_zero(bytes_of(record.zero))) in.fail("blob record", "a byte that must be zero is not");
    if (record.size % size_of(static_cast<DType>(record.dtype)) != 0)
      in.fail("size of a blob",
              text(record.size, " bytes are no whole number of ", static_cast<DType>(record.dtype), " elements"));
    if (record.size > limits.decoded_size || decoded_ > limits.decoded_size - record.size)
      in.fail("size of all blobs",
              text("they are larger than ", limits.decoded_size, " bytes together; see Limits::decoded_size"));
    decoded_ += record.size;
  }
}

// Every tensor lies within its blob, and every blob is met, in its turn.
void Index::check_tensors(ByteReader& in, const Limits& limits) {
  first_dimension_.reserve(tensor_count());
  std::uint64_t next_dimension = 0;
  std::uint32_t next_blob = 0, next_location = 0;
  for (std::uint32_t i = 0; i < tensor_count(); ++i) {
    const TensorRecord record = tensor(i);
    if ((record.flags & ~known_flags) != 0) in.fail("flags of a tensor", text("unknown bits in ", int{record.flags}));
    const bool strided = (record.flags & flag_strided) != 0;
    if (record.rank > std::min(limits.rank, Shape::max_rank))
      in.fail("rank of a tensor",
              text("it is ", int{record.rank}, ", but may be at most ", limits.rank, "; see Limits::rank"));
    if (record.blob > next_blob || record.blob >= blob_count())
      in.fail("blob of a tensor", text("it is ", record.blob, ", but ", next_blob, " is next"));
    next_blob = std::max(next_blob, record.blob + 1);
    if (record.location > next_location || record.location >= locations_.size())
      in.fail("location of a tensor", text("it is ", record.location, ", but ", next_location, " is next"));
    next_location = std::max<std::uint32_t>(next_location, record.location + 1u);
    first_dimension_.push_back(static_cast<std::uint32_t>(next_dimension));
    next_dimension += std::uint64_t{record.rank} * (strided ? 2 : 1);
    if (next_dimension > counts_.dimension_count) in.fail("dimensions", text("they end before tensor ", i));

    // The elements reached: [offset, last]. Signed 64-bit throughout, as strides and extents are.
    std::int64_t numel = 1, last = 0, span = 1;
    bool overflow = record.offset > static_cast<std::uint64_t>(INT64_MAX), contiguous = true, empty = false;
    for (int d = record.rank - 1; d >= 0; --d) {
      const std::size_t at = first_dimension_.back() + static_cast<std::size_t>(d);
      const auto extent = record_at<std::int64_t>(dimensions_, at);
      const auto stride = strided ? record_at<std::int64_t>(dimensions_, at + record.rank) : span;
      if (extent < 0 || stride < 0)
        in.fail("dimension of a tensor", text("tensor ", i, " has an extent of ", extent, " and a stride of ", stride));
      std::int64_t step = 0;
      empty = empty || extent == 0;
      overflow = overflow || __builtin_mul_overflow(numel, extent, &numel);
      overflow = overflow || (extent > 0 && (__builtin_mul_overflow(extent - 1, stride, &step) ||
                                             __builtin_add_overflow(last, step, &last)));
      contiguous = contiguous && stride == span;
      overflow = overflow || __builtin_mul_overflow(span, std::max<std::int64_t>(extent, 1), &span);
    }
    if (overflow) in.fail("dimensions", text("those of tensor ", i, " are larger than any memory"));
    if (strided && contiguous) in.fail("strides", text("those of tensor ", i, " are row-major and must not be given"));
    const BlobRecord blob = this->blob(record.blob);
    if ((record.flags & flag_requires_grad) != 0 && category(static_cast<DType>(blob.dtype)) < DTypeCategory::floating)
      in.fail("flags of a tensor",
              text("tensor ", i, " requires a gradient, but its elements are ", static_cast<DType>(blob.dtype)));
    const std::uint64_t elements = blob.size / size_of(static_cast<DType>(blob.dtype));
    const std::uint64_t reached = empty ? record.offset : record.offset + static_cast<std::uint64_t>(last) + 1;
    if (reached > elements)
      in.fail("tensor", text("tensor ", i, " reaches ", reached, " elements into its blob, which has ", elements));
  }
  if (next_dimension != counts_.dimension_count)
    in.fail("dimensions", text("there are ", counts_.dimension_count, ", but ", next_dimension, " are used"));
  if (next_blob != blob_count()) in.fail("blobs", text("there are ", blob_count(), ", but ", next_blob, " are used"));
  if (next_location != locations_.size())
    in.fail("locations", text("there are ", locations_.size(), ", but ", next_location, " are used"));
}

// Blobs lie one behind the other between the header and the index, each with at most its alignment before it.
void Index::read_placement(ByteReader& in, std::uint64_t index_offset, std::uint64_t generation, const Limits& limits) {
  placement_ = in.record<PlacementHeader>("placement");
  if (!std::has_single_bit(placement_.chunk_size) || placement_.chunk_size < smallest_chunk_size ||
      placement_.chunk_size > largest_chunk_size || placement_.chunk_size > limits.chunk_size)
    in.fail("chunk size",
            text("it is ", placement_.chunk_size, ", but must be a power of two from ", smallest_chunk_size, " to ",
                 std::min<std::uint64_t>(largest_chunk_size, limits.chunk_size)));
  placements_ = take_records<Placement>(in, blob_count(), "placements");
  chunks_ = take_records<ChunkRecord>(in, placement_.chunk_count, "chunk records");
  first_chunk_.reserve(blob_count() + std::size_t{1});
  chunk_offset_.reserve(placement_.chunk_count);
  std::uint64_t end = sizeof(Header);
  for (std::uint32_t i = 0; i < blob_count(); ++i) {
    const Placement place = placement(i);
    const std::uint64_t size = blob(i).size, chunks = count_pieces(size, chunk_size());
    if (place.generation == 0 || place.generation > generation || place.zero != 0)
      in.fail("placement of a blob", text("generation ", place.generation, " of ", generation));
    first_chunk_.push_back(static_cast<std::uint32_t>(chunk_offset_.size()));
    if (chunks > placement_.chunk_count - chunk_offset_.size())
      in.fail("chunk records", text("there are ", placement_.chunk_count, ", but blob ", i, " needs more"));
    const bool raw = chunks > 0 && record_at<ChunkRecord>(chunks_, first_chunk_.back()).codec == raw_codec.id;
    const std::uint64_t expected = align_up(end, raw ? blob_alignment(size) : 8);
    if (place.offset != expected)
      in.fail("placement of a blob",
              text("blob ", i, " is said to begin at byte ", place.offset, ", but must at ", expected));
    end = place.offset;
    for (std::uint64_t k = 0; k < chunks; ++k) {
      const auto record = record_at<ChunkRecord>(chunks_, chunk_offset_.size());
      const std::uint64_t decoded = std::min(chunk_size(), size - k * chunk_size());
      if (record.stored == 0 || record.stored > decoded || (record.codec == raw_codec.id && record.stored != decoded) ||
          decoded > record.stored * zstd_largest_ratio)
        in.fail("size of a chunk", text("chunk ", k, " of blob ", i, " takes ", record.stored, " bytes in the file, ",
                                        decoded, " decoded"));
      if (!is_zero(bytes_of(record.zero))) in.fail("chunk record", "a byte that must be zero is not");
      if (record.stored > index_offset || end > index_offset - record.stored)
        in.fail("placement of a chunk", text("chunk ", k, " of blob ", i, " reaches into the index"));
      chunk_offset_.push_back(end);
      end += record.stored;
    }
  }
  first_chunk_.push_back(static_cast<std::uint32_t>(chunk_offset_.size()));
  if (chunk_offset_.size() != placement_.chunk_count)
    in.fail("chunk records", text("there are ", placement_.chunk_count, ", but ", chunk_offset_.size(), " are used"));
  if (align_up(end, 8) != index_offset)
    in.fail("placement of the index", text("it begins at byte ", index_offset, ", but the blobs end at ", end));
}

Shape Index::dimensions(std::uint32_t tensor, std::size_t skip) const {
  const TensorRecord record = this->tensor(tensor);
  std::array<std::int64_t, Shape::max_rank> extents;
  const auto from =
      dimensions_.subspan((first_dimension_[tensor] + skip) * sizeof(std::int64_t), record.rank * sizeof(std::int64_t));
  if (!from.empty()) std::memcpy(extents.data(), from.data(), from.size());
  return Shape(std::span<const std::int64_t>(extents.data(), record.rank));
}

Shape Index::strides(std::uint32_t tensor) const {
  const TensorRecord record = this->tensor(tensor);
  return (record.flags & flag_strided) != 0 ? dimensions(tensor, record.rank) : contiguous_strides(shape(tensor));
}

Index::Chunk Index::chunk(std::uint32_t blob, std::uint64_t chunk) const {
  const std::size_t at = first_chunk_[blob] + static_cast<std::size_t>(chunk);
  return {record_at<ChunkRecord>(chunks_, at), chunk_offset_[at],
          std::min(chunk_size(), this->blob(blob).size - chunk * chunk_size())};
}

std::uint64_t Index::blob_end(std::uint32_t blob) const {
  const std::uint32_t end = first_chunk_[blob + std::size_t{1}];
  if (end == first_chunk_[blob]) return placement(blob).offset;
  return chunk_offset_[end - std::size_t{1}] + record_at<ChunkRecord>(chunks_, end - std::size_t{1}).stored;
}

}  // namespace cairn::io
