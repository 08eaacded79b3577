#include <cairn/io/container.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include <cairn/core/error.h>
#include <cairn/io/codec.h>
#include <cairn/io/labels.h>
#include <cairn/io/recognize.h>
#include <cairn/io/tree.h>

namespace cairn::io {

namespace {

constexpr std::size_t kept_scratch = std::size_t{4} << 20;

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

template <class Record>
Record read_record(const Source& source, std::uint64_t offset) {
  Record record;
  source.read(offset, std::as_writable_bytes(std::span(&record, 1)));
  return record;
}

[[noreturn]] void fail(const Source& source, std::uint64_t offset, const char* section, std::string_view what,
                       std::string hint = "") {
  throw FormatError(text(source.name(), ": byte ", offset, ": ", section, ": ", what),
                    {.file = source.name(), .offset = offset, .section = section, .hint = std::move(hint)});
}

[[noreturn]] void fail_wrong_format(const Source& source) {
  std::array<std::byte, recognized_prefix> beginning;
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(beginning.size(), source.size()));
  source.read(0, std::span(beginning).first(size));
  const std::string guess = recognize(std::span(beginning).first(size), source.size());
  throw FormatError(text(source.name(), ": this is no Cairn file", guess.empty() ? "" : ": ", guess),
                    {.file = source.name(), .offset = 0, .section = "header", .found = guess, .hint = ""});
}

/// Magics are compared up to four bytes: with as many right, the file is a damaged container and not another format.
bool resembles(const std::array<std::uint8_t, 8>& found) {
  int same = 0;
  for (std::size_t i = 0; i < found.size(); ++i) same += found[i] == header_magic[i];
  return same >= 6;
}

}  // namespace

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  scratch.stored.shrink(kept_scratch);
  scratch.decoded.shrink(kept_scratch);
  return scratch;
}

Header check_header(const Source& source) {
  if (source.size() < sizeof(Header)) {
    std::array<std::uint8_t, 8> magic{};
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(magic.size(), source.size()));
    source.read(0, std::as_writable_bytes(std::span(magic)).first(size));
    if (size > 0 && !std::equal(magic.begin(), magic.begin() + static_cast<std::ptrdiff_t>(size), header_magic.begin()))
      fail_wrong_format(source);
    fail(source, 0, "header",
         text("the file has ", source.size(), " bytes, but the header alone takes ", sizeof(Header)),
         "It was cut short, or never written.");
  }
  const auto header = read_record<Header>(source, 0);
  const bool magic = header.magic == header_magic;
  if (!magic && !resembles(header.magic)) fail_wrong_format(source);
  std::array<std::byte, sizeof(Header)> beginning;
  std::memcpy(beginning.data(), &header, sizeof header);
  if (!magic || checksum(bytes_of(header).first(offsetof(Header, checksum))) != header.checksum) {
    const std::string guess = magic ? "" : recognize(beginning, source.size());
    fail(source, 0, "header", text("it is damaged", guess.empty() ? "" : ": ", guess));
  }
  if (header.version != format_version)
    fail(source, 8, "header",
         text("the file has version ", header.version, ", but this Cairn reads version ", format_version, " only"),
         "Read it with the Cairn that wrote it, or a newer one.");
  if (header.required_features != 0)
    fail(
        source, 12, "header",
        text("the file needs feature bits ", hexadecimal(header.required_features), ", which this Cairn does not know"),
        "Read it with a newer Cairn.");
  if (header.zero != decltype(header.zero){}) fail(source, 20, "header", "bytes that must be zero are not");
  return header;
}

CommitRecord check_commit_record(const Source& source) {
  const std::uint64_t size = source.size();
  if (size < sizeof(Header) + sizeof(CommitRecord))
    fail(source, size, "commit record", text("the file has ", size, " bytes and ends before it"), "It was cut short.");
  const std::uint64_t offset = size - sizeof(CommitRecord);
  const auto commit = read_record<CommitRecord>(source, offset);
  const bool whole = checksum(bytes_of(commit).first(offsetof(CommitRecord, checksum))) == commit.checksum;
  if (commit.magic != commit_magic || !whole)
    fail(source, offset, "commit record", "the file does not end with a valid one",
         "It was cut short, has something appended to it, or is damaged at its end.");
  if (commit.generation != 1)
    fail(source, offset + 8, "commit record",
         text("generation ", commit.generation, ", but version 0 knows the first only"));
  if (commit.index_offset < sizeof(Header) || commit.index_offset % 8 != 0 || commit.index_offset > offset ||
      commit.index_size != offset - commit.index_offset)
    fail(source, offset + 16, "commit record",
         text("the index is said to take ", commit.index_size, " bytes from byte ", commit.index_offset,
              " on, but must end at byte ", offset));
  return commit;
}

IndexBytes read_index(const Source& source, const CommitRecord& commit, const Limits& limits) {
  const std::uint64_t size = commit.index_size, offset = commit.index_offset;
  if (size > limits.index_size)
    fail(source, offset, "index", text("it takes ", size, " bytes, but may take ", limits.index_size),
         "Raise Limits::index_size to read it.");
  const std::uint64_t pieces = count_pieces(size, piece_size + sizeof(std::uint64_t));
  if (size <= pieces * sizeof(std::uint64_t) ||
      count_pieces(size - pieces * sizeof(std::uint64_t), piece_size) != pieces)
    fail(source, offset, "index", text(size, " bytes cannot hold pieces and their checksums"));
  IndexBytes bytes;
  std::span<const std::byte> all;
  if (source.memory().empty()) {
    bytes.owned.resize(static_cast<std::size_t>(size));
    source.read(offset, bytes.owned);
    all = bytes.owned;
  } else {
    all = source.memory().subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  }
  bytes.body = all.first(static_cast<std::size_t>(size - pieces * sizeof(std::uint64_t)));
  bytes.checksums = all.subspan(bytes.body.size());
  if (checksum(bytes.checksums) != commit.index_checksum)
    fail(source, offset + bytes.body.size(), "index", "the table of its checksums is damaged");
  return bytes;
}

bool is_piece_whole(const IndexBytes& bytes, std::uint64_t piece, std::uint64_t generation) {
  const auto begin = static_cast<std::size_t>(piece * piece_size);
  const auto part = bytes.body.subspan(begin, std::min<std::size_t>(piece_size, bytes.body.size() - begin));
  const std::uint64_t expected = record_at<std::uint64_t>(bytes.checksums, static_cast<std::size_t>(piece));
  return (checksum(part) ^
          scramble(static_cast<std::uint32_t>(generation), index_blob, static_cast<std::uint32_t>(piece))) == expected;
}

void check_index(const IndexBytes& bytes, const Source& source, const CommitRecord& commit) {
  const std::uint64_t pieces = bytes.checksums.size() / sizeof(std::uint64_t);
  for (std::uint64_t piece = 0; piece < pieces; ++piece) {
    if (!is_piece_whole(bytes, piece, commit.generation))
      fail(source, commit.index_offset + piece * piece_size, "index", "its checksum does not fit: it is damaged here");
  }
}

Container::Container(SourceReference source, const Limits& limits) : source_(std::move(source)), limits_(limits) {
  check<ValueError>(source_ != nullptr, "open: no source was given");
  check_header(*source_);
  commit_ = check_commit_record(*source_);
  bytes_ = read_index(*source_, commit_, limits_);
  check_index(bytes_, *source_, commit_);
  index_.emplace(bytes_.body, commit_.index_offset, commit_.generation, source_->name(), limits_);
  if (hash(index_->content()) != commit_.root_digest)
    io::fail(*source_, source_->size() - sizeof(CommitRecord) + offsetof(CommitRecord, root_digest), "commit record",
             "the root digest does not fit the index");
}

const std::byte* Container::fetch(std::uint32_t blob, std::uint64_t chunk, const Index::Chunk& entry,
                                  Scratch& scratch) const {
  std::span<const std::byte> stored;
  if (const auto memory = source_->memory(); !memory.empty()) {
    stored = memory.subspan(static_cast<std::size_t>(entry.offset), entry.record.stored);
  } else {
    const auto to = scratch.stored.get(entry.record.stored);
    source_->read(entry.offset, to);
    stored = to;
  }
  const std::uint64_t found =
      checksum(stored) ^ scramble(index_->placement(blob).generation, blob, static_cast<std::uint32_t>(chunk));
  if (found != entry.record.checksum) [[unlikely]]
    fail(blob, chunk, entry, text("checksum ", hexadecimal(found)), hexadecimal(entry.record.checksum));
  return stored.data();
}

std::span<const std::byte> Container::read(std::uint32_t blob, std::uint64_t chunk, Scratch& scratch) const {
  const Index::Chunk entry = index_->chunk(blob, chunk);
  if (entry.record.codec == raw_codec.id)
    return {fetch(blob, chunk, entry, scratch), static_cast<std::size_t>(entry.decoded)};
  const auto to = scratch.decoded.get(static_cast<std::size_t>(entry.decoded));
  read_into(blob, chunk, scratch, to);
  return to;
}

void Container::read_into(std::uint32_t blob, std::uint64_t chunk, Scratch& scratch, std::span<std::byte> to) const {
  const Index::Chunk entry = index_->chunk(blob, chunk);
  const Codec* codec = find_codec(entry.record.codec);
  if (!codec)
    fail(blob, chunk, entry, text("codec ", int{entry.record.codec}),
         text("one of those this Cairn knows: ", codec_names()));
  const std::span<const std::byte> stored{fetch(blob, chunk, entry, scratch), entry.record.stored};
  if (const char* wrong = codec->decode(stored, static_cast<DType>(index_->blob(blob).dtype), to))
    fail(blob, chunk, entry, wrong, text("a chunk packed by ", codec->name));
}

void Container::fail(std::uint32_t blob, std::uint64_t chunk, const Index::Chunk& entry, std::string_view found,
                     std::string_view expected) const {
  const std::string name = name_of_blob(blob);
  throw FormatError(text(source_->name(), ": chunk ", chunk, " of \"", name, "\" (bytes ", entry.offset, " to ",
                         entry.offset + entry.record.stored - 1, ") is damaged: ", found, ", expected ", expected),
                    {.file = source_->name(),
                     .offset = entry.offset,
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
