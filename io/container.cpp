#include <cairn/io/container.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <cairn/core/error.h>
#include <cairn/io/codec.h>
#include <cairn/io/format_fault.h>
#include <cairn/io/labels.h>
#include <cairn/io/tree.h>

namespace cairn::io {

namespace {

constexpr std::size_t kept_scratch = std::size_t{4} << 20;

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

/// A source whose last bytes have been read: commit record and index of most files, and all of a small one.
class KnownTail final : public Source, public std::enable_shared_from_this<KnownTail> {
 public:
  explicit KnownTail(SourceReference source) : source_(std::move(source)) {
    const auto size = static_cast<std::size_t>(std::min(source_->size(), source_->pattern().tail));
    begin_ = source_->size() - size;
    bytes_ = buffer_.get(size);
    source_->read(begin_, bytes_);
  }

  bool is_all() const { return begin_ == 0; }
  std::uint64_t size() const override { return source_->size(); }
  ReadPattern pattern() const override { return source_->pattern(); }
  const std::string& name() const override { return source_->name(); }
  void read(std::uint64_t offset, std::span<std::byte> to) const override {
    if (!is_known(offset, to.size())) return source_->read(offset, to);
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + (offset - begin_), to.size());
  }
  SourceView view(std::uint64_t offset, std::uint64_t size) const override {
    if (!is_known(offset, size)) return source_->view(offset, size);
    return {bytes_.subspan(static_cast<std::size_t>(offset - begin_), static_cast<std::size_t>(size)),
            is_all() ? nullptr : shared_from_this()};  // of a whole file this is the container's source
  }

 private:
  bool is_known(std::uint64_t offset, std::uint64_t size) const {
    return offset >= begin_ && offset - begin_ <= bytes_.size() && size <= bytes_.size() - (offset - begin_);
  }

  SourceReference source_;
  std::uint64_t begin_ = 0;
  Buffer buffer_;
  std::span<std::byte> bytes_;
};

Commit find_commit(const Source& source, std::uint32_t generation) {
  if (!source.pattern().is_distant) check_header(source);
  Commit newest;
  try {
    newest = newest_commit(source);
  } catch (const FormatError&) {
    if (source.pattern().is_distant) check_header(source);  // may say better what the file is
    throw;
  }
  if (generation == 0 || generation == newest.record.generation) return newest;
  for (const Commit& commit : history(source, newest)) {
    if (commit.record.generation == generation) return commit;
  }
  throw ValueError(
      text(source.name(), ": generation ", generation, " was asked for, but the newest is ", newest.record.generation));
}

}  // namespace

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  scratch.stored.shrink(kept_scratch);
  scratch.decoded.shrink(kept_scratch);
  return scratch;
}

IndexBytes read_index(const Source& source, const Commit& commit, const Limits& limits) {
  const std::uint64_t size = commit.index_size(), offset = commit.record.index_offset;
  if (size > limits.index_size)
    refuse(source, offset, "index", text("it takes ", size, " bytes, but may take ", limits.index_size),
           "Raise Limits::index_size to read it.");
  const std::uint64_t pieces = count_pieces(size, piece_size + sizeof(std::uint64_t));
  if (size <= pieces * sizeof(std::uint64_t) || index_size_of(size - pieces * sizeof(std::uint64_t)) != size)
    refuse(source, offset, "index", text(size, " bytes cannot hold pieces and their checksums"));
  IndexBytes bytes;
  bytes.view = source.view(offset, size);
  std::span<const std::byte> all = bytes.view.bytes;
  if (all.empty()) {
    const std::span<std::byte> to = bytes.owned.get(static_cast<std::size_t>(size));
    source.read(offset, to);
    all = to;
  }
  bytes.body = all.first(static_cast<std::size_t>(size - pieces * sizeof(std::uint64_t)));
  bytes.checksums = all.subspan(bytes.body.size());
  if (!fits(checksum(bytes.checksums), commit.record.index_checksum))
    refuse(source, offset + bytes.body.size(), "index", "the table of its checksums is damaged");
  return bytes;
}

bool is_piece_whole(const IndexBytes& bytes, std::uint64_t piece, const Commit& commit) {
  const auto begin = static_cast<std::size_t>(piece * piece_size);
  const auto part = bytes.body.subspan(begin, std::min<std::size_t>(piece_size, bytes.body.size() - begin));
  const std::uint64_t expected = record_at<std::uint64_t>(bytes.checksums, static_cast<std::size_t>(piece));
  return fits(checksum(part) ^ scramble(commit.record.generation, index_blob, static_cast<std::uint32_t>(piece)),
              expected);
}

Container::Container(SourceReference source, const Limits& limits, std::uint32_t generation)
    : source_(std::move(source)), limits_(limits) {
  cairn::check<ValueError>(source_ != nullptr, "open: no source was given");
  const auto tail = source_->pattern().tail == 0 ? nullptr : std::make_shared<const KnownTail>(source_);
  if (tail && tail->is_all()) source_ = tail;
  const Source& from = tail ? *tail : *source_;
  commit_ = find_commit(from, generation);
  open_index(from);
}

Container::Container(SourceReference source, const Limits& limits, const Commit& commit)
    : source_(std::move(source)), limits_(limits), commit_(commit) {
  open_index(*source_);
}

void Container::open_index(const Source& source) {
  check_features(source, commit_);
  bytes_ = read_index(source, commit_, limits_);
  const std::uint64_t pieces = bytes_.checksums.size() / sizeof(std::uint64_t);
  for (std::uint64_t piece = 0; piece < pieces; ++piece) {
    if (!is_piece_whole(bytes_, piece, commit_))
      refuse(source, commit_.record.index_offset + piece * piece_size, "index",
             "its checksum does not fit: it is damaged here");
  }
  index_.emplace(bytes_.body, commit_.record, source.name(), limits_);
  if (!fits(hash(index_->content()), commit_.record.root_digest))
    refuse(source, commit_.offset + offsetof(CommitRecord, root_digest), "commit record",
           "the root digest does not fit the index");
}

ChunkRecord Container::unbound(std::uint32_t blob, std::uint64_t chunk) const {
  ChunkRecord record = index_->chunk(blob, chunk).record;
  record.checksum ^= scramble(commit_.record.generation, blob, static_cast<std::uint32_t>(chunk));
  return record;
}

void Container::check_checksum(std::uint32_t blob, std::uint64_t chunk, std::uint64_t found,
                               std::uint64_t expected) const {
  if (!fits(found, expected)) [[unlikely]]
    fail(blob, chunk, text("checksum ", hexadecimal(found)), hexadecimal(expected));
}

void Container::check(std::uint32_t blob, std::uint64_t chunk, std::span<const std::byte> stored) const {
  const ChunkRecord record = unbound(blob, chunk);
  check_checksum(blob, chunk, checksum(stored), record.checksum);
  if (record.codec != raw_codec.id) return;
  if (const char* wrong = fault_of(stored, index_->dtype(blob))) fail(blob, chunk, wrong, "bools");
}

void Container::unpack(std::uint32_t blob, std::uint64_t chunk, std::span<const std::byte> stored,
                       std::span<std::byte> to) const {
  const ChunkRecord record = unbound(blob, chunk);
  const Codec* codec = find_codec(record.codec);
  if (!codec)
    fail(blob, chunk, text("codec ", int{record.codec}), text("one of those this Cairn knows: ", codec_names()));
  const char* wrong = nullptr;
  if (codec->decode_and_hash) {
    Hash found;
    wrong = codec->decode_and_hash(stored, index_->dtype(blob), to, found);
    check_checksum(blob, chunk, found.low, record.checksum);
  } else {
    check(blob, chunk, stored);
    wrong = codec->decode(stored, index_->dtype(blob), to);
  }
  if (wrong) fail(blob, chunk, wrong, text("a chunk packed by ", codec->name));
  wrong = fault_of(to, index_->dtype(blob));
  if (wrong) fail(blob, chunk, wrong, "bools");
}

std::span<const std::byte> Container::read_stored(std::uint32_t blob, std::uint64_t chunk, Scratch& scratch) const {
  const ChunkRecord record = index_->chunk(blob, chunk).record;
  scratch.view = source_->view(record.offset, record.stored);
  if (!scratch.view.bytes.empty()) return scratch.view.bytes;
  const auto to = scratch.stored.get(record.stored);
  source_->read(record.offset, to);
  return to;
}

std::span<const std::byte> Container::read(std::uint32_t blob, std::uint64_t chunk, Scratch& scratch) const {
  const Index::Chunk entry = index_->chunk(blob, chunk);
  const std::span<const std::byte> stored = read_stored(blob, chunk, scratch);
  if (entry.record.codec == raw_codec.id) {
    check(blob, chunk, stored);
    return stored;
  }
  const auto to = scratch.decoded.get(static_cast<std::size_t>(entry.decoded));
  unpack(blob, chunk, stored, to);
  return to;
}

void Container::fail(std::uint32_t blob, std::uint64_t chunk, std::string_view found, std::string_view expected) const {
  const std::string name = name_of_blob(blob);
  const ChunkRecord record = index_->chunk(blob, chunk).record;
  throw FormatError(text(source_->name(), ": chunk ", chunk, " of \"", name, "\" (bytes ", record.offset, " to ",
                         record.offset + record.stored - 1, ") is damaged: ", found, ", expected ", expected),
                    {.file = source_->name(),
                     .offset = record.offset,
                     .section = "chunk",
                     .tensor = name,
                     .expected = std::string(expected),
                     .found = std::string(found)});
}

/// The tree with no tensor where one stands: for its names.
Value Container::tree_of_undefined() const {
  const std::vector<Tensor> tensors(index_->tensor_count());
  return decode_tree(index_->tree(), tensors, source_->name(), index_->tree_offset(), limits_);
}

std::vector<std::string> Container::names(bool escape) const {
  std::vector<std::string> names;
  names.reserve(index_->tensor_count());
  tree_of_undefined().for_each_tensor([&](const std::string& path, const Tensor&) { names.push_back(path); }, escape);
  return names;
}

std::vector<std::string> Container::labels() const { return tensor_labels(tree_of_undefined()); }

std::string Container::name_of_blob(std::uint32_t blob) const {
  const std::vector<std::string> names = labels();
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    if (index_->tensor(i).blob == blob) return names[i];
  }
  return "";
}

}  // namespace cairn::io
