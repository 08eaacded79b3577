#include <cairn/io/index.h>

#include <algorithm>
#include <bit>
#include <string_view>

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

Index::Index(std::span<const std::byte> bytes, const CommitRecord& commit, const std::string& file,
             const Limits& limits) {
  ByteReader in(bytes, file, commit.index_offset);
  read_content(in, limits);
  content_ = bytes.first(static_cast<std::size_t>(in.offset() - commit.index_offset));
  check_blobs(in, limits);
  check_tensors(in, limits);
  read_placement(in, commit, limits);
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
  read_locations(in, limits);
  tree_offset_ = in.offset();
  tree_ = in.take(counts_.tree_size, "tree");
  attributes_ = in.take(counts_.attributes_size, "attributes");
  const std::uint64_t size = in.offset() - start;
  if (!is_zero(in.take(align_up(size, 8) - size, "padding"))) in.fail("padding", "it is not zero");
}

void Index::read_locations(ByteReader& in, const Limits& limits) {
  const ByteReader all = in;
  const std::uint64_t left = in.left();
  while (left - in.left() < counts_.location_size) {
    const std::uint64_t size = in.count("size of a location");
    if (size > limits.key_size)
      in.fail("size of a location", text("it is ", size, ", but may be at most ", limits.key_size));
    const auto taken = in.take(size, "location");
    std::string tag(reinterpret_cast<const char*>(taken.data()), taken.size());
    if (!is_utf8(tag)) in.fail("location", "it is not UTF-8");
    if (locations_.size() == 0xffff) in.fail("location", "there are more than 65535");
    locations_.push_back(std::move(tag));
  }
  if (left - in.left() != counts_.location_size) in.fail("locations", "they take more bytes than announced");
  location_bytes_ = ByteReader(all).take(counts_.location_size, "locations");
  std::vector<std::string_view> sorted(locations_.begin(), locations_.end());
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) in.fail("location", "one occurs twice");
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
    const BlobRecord blob = this->blob(record.blob);
    const std::uint64_t element = size_of(static_cast<DType>(blob.dtype));
    overflow = overflow || (!strided && static_cast<std::uint64_t>(span) > largest_tensor / element);
    if (overflow) in.fail("dimensions", text("those of tensor ", i, " are larger than any memory"));
    if (strided && contiguous) in.fail("strides", text("those of tensor ", i, " are row-major and must not be given"));
    if ((record.flags & flag_requires_grad) != 0 && category(static_cast<DType>(blob.dtype)) < DTypeCategory::floating)
      in.fail("flags of a tensor",
              text("tensor ", i, " requires a gradient, but its elements are ", static_cast<DType>(blob.dtype)));
    const std::uint64_t elements = blob.size / element;
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

// New chunks lie one behind the other from the generation's beginning to its index, each run of a blob's behind padding
// up to its alignment; others lie before it.
void Index::read_placement(ByteReader& in, const CommitRecord& commit, const Limits& limits) {
  placement_ = in.record<PlacementHeader>("placement");
  if (!std::has_single_bit(placement_.chunk_size) || placement_.chunk_size < smallest_chunk_size ||
      placement_.chunk_size > largest_chunk_size || placement_.chunk_size > limits.chunk_size)
    in.fail("chunk size",
            text("it is ", placement_.chunk_size, ", but must be a power of two from ", smallest_chunk_size, " to ",
                 std::min<std::uint64_t>(largest_chunk_size, limits.chunk_size)));
  chunks_ = take_records<ChunkRecord>(in, placement_.chunk_count, "chunk records");
  first_chunk_.reserve(blob_count() + std::size_t{1});
  std::uint64_t next = 0;
  data_end_ = commit.begin;
  for (std::uint32_t i = 0; i < blob_count(); ++i) {
    const BlobRecord blob = this->blob(i);
    const std::uint64_t chunks = count_pieces(blob.size, chunk_size());
    first_chunk_.push_back(static_cast<std::uint32_t>(next));
    if (chunks > placement_.chunk_count - next)
      in.fail("chunk records", text("there are ", placement_.chunk_count, ", but blob ", i, " needs more"));
    bool in_run = false;
    for (std::uint64_t k = 0; k < chunks; ++k) {
      const auto record = record_at<ChunkRecord>(chunks_, next++);
      const std::uint64_t decoded = std::min(chunk_size(), blob.size - k * chunk_size());
      if (!is_possible(record.codec, record.stored, decoded, static_cast<DType>(blob.dtype)))
        in.fail("size of a chunk", text("chunk ", k, " of blob ", i, " takes ", record.stored, " bytes in the file, ",
                                        decoded, " decoded"));
      if (!is_zero(bytes_of(record.zero))) in.fail("chunk record", "a byte that must be zero is not");
      if (record.offset < commit.begin) {
        if (record.offset < sizeof(Header) || record.stored > commit.begin - record.offset)
          in.fail("placement of a chunk",
                  text("chunk ", k, " of blob ", i, " is said to lie at byte ", record.offset, ", in no generation"));
        in_run = false;
        continue;
      }
      const std::uint64_t expected =
          in_run ? data_end_ : align_up(data_end_, run_alignment(blob.size, record.codec == raw_codec.id));
      if (record.offset != expected)
        in.fail("placement of a chunk", text("chunk ", k, " of blob ", i, " is said to lie at byte ", record.offset,
                                             ", but must at ", expected));
      if (expected > commit.index_offset || record.stored > commit.index_offset - expected)
        in.fail("placement of a chunk", text("chunk ", k, " of blob ", i, " reaches into the index"));
      data_end_ = expected + record.stored;
      in_run = true;
    }
  }
  first_chunk_.push_back(static_cast<std::uint32_t>(next));
  if (next != placement_.chunk_count)
    in.fail("chunk records", text("there are ", placement_.chunk_count, ", but ", next, " are used"));
  const std::uint64_t size = index_size_of(in.offset() - commit.index_offset);
  if (index_offset_after(data_end_, size) != commit.index_offset)
    in.fail("placement of the index",
            text("it begins at byte ", commit.index_offset, ", but the chunks end at ", data_end_));
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
  return {record_at<ChunkRecord>(chunks_, at), std::min(chunk_size(), this->blob(blob).size - chunk * chunk_size())};
}

std::uint64_t Index::stored_size(std::uint32_t blob) const {
  std::uint64_t size = 0;
  for (std::size_t at = first_chunk_[blob]; at < first_chunk_[blob + std::size_t{1}]; ++at)
    size += record_at<ChunkRecord>(chunks_, at).stored;
  return size;
}

}  // namespace cairn::io
