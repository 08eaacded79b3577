#include <cairn/io/commit.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <cairn/core/error.h>
#include <cairn/io/bytes.h>
#include <cairn/io/format_fault.h>
#include <cairn/io/recognize.h>

namespace cairn::io {

namespace {

constexpr std::uint16_t known_features = 0;

template <class Record>
Record read_record(const Source& source, std::uint64_t offset) {
  Record record;
  source.read(offset, std::as_writable_bytes(std::span(&record, 1)));
  return record;
}

[[noreturn]] void fail_wrong_format(const Source& source) {
  std::array<std::byte, recognized_prefix> beginning;
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(beginning.size(), source.size()));
  source.read(0, std::span(beginning).first(size));
  const std::string guess = recognize(std::span(beginning).first(size), source.size());
  throw FormatError(text(source.name(), ": this is no Cairn file", guess.empty() ? "" : ": ", guess),
                    {.file = source.name(), .offset = 0, .section = "header", .found = guess, .hint = ""});
}

/// With six of eight bytes right, a magic is damaged and not another format's.
bool resembles(const std::array<std::uint8_t, 8>& found, const std::array<std::uint8_t, 8>& magic) {
  int same = 0;
  for (std::size_t i = 0; i < found.size(); ++i) same += found[i] == magic[i];
  return same >= 6;
}

std::uint64_t checksum_of(const Header& header) { return checksum(bytes_of(header).first(offsetof(Header, checksum))); }

std::uint64_t checksum_of(const CommitRecord& record, std::uint64_t offset) {
  return checksum(bytes_of(record).first(offsetof(CommitRecord, checksum))) ^ scramble(record.generation, offset);
}

}  // namespace

Header sealed_header() {
  Header header;
  header.checksum = checksum_of(header);
  return header;
}

void check_header(const Source& source) {
  if (source.size() < sizeof(Header)) {
    std::array<std::uint8_t, 8> magic{};
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(magic.size(), source.size()));
    source.read(0, std::as_writable_bytes(std::span(magic)).first(size));
    if (size > 0 && !std::equal(magic.begin(), magic.begin() + static_cast<std::ptrdiff_t>(size), header_magic.begin()))
      fail_wrong_format(source);
    refuse(source, 0, "header",
           text("the file has ", source.size(), " bytes, but the header alone takes ", sizeof(Header)),
           "It was cut short, or never written.");
  }
  const auto header = read_record<Header>(source, 0);
  const bool magic = header.magic == header_magic;
  if (!magic && !resembles(header.magic, header_magic)) fail_wrong_format(source);
  std::array<std::byte, sizeof(Header)> beginning;
  std::memcpy(beginning.data(), &header, sizeof header);
  if (!magic || !fits(checksum_of(header), header.checksum)) {
    const std::string guess = magic ? "" : recognize(beginning, source.size());
    refuse(source, 0, "header", text("it is damaged", guess.empty() ? "" : ": ", guess));
  }
  if (header.version != format_version)
    refuse(source, 8, "header",
           text("the file has version ", header.version, ", but this Cairn reads version ", format_version, " only"),
           "Read it with the Cairn that wrote it, or a newer one.");
  if (header.zero != decltype(header.zero){}) refuse(source, 12, "header", "bytes that must be zero are not");
}

void seal(CommitRecord& record, std::uint64_t offset) { record.checksum = checksum_of(record, offset); }

std::optional<Commit> as_commit(const CommitRecord& record, std::uint64_t offset) {
  const bool first = record.generation == 1;
  if (record.magic != commit_magic || !fits(checksum_of(record, offset), record.checksum)) return std::nullopt;
  if (record.generation == 0 || first != (record.begin == sizeof(Header)) || record.begin % commit_alignment != 0)
    return std::nullopt;
  if (record.begin < sizeof(Header) || record.begin > record.index_offset || record.index_offset >= offset ||
      record.index_offset % 8 != 0)
    return std::nullopt;
  return Commit{record, offset};
}

std::optional<Commit> commit_at(const Source& source, std::uint64_t offset) {
  if (offset % commit_alignment != 0 || offset < sizeof(Header) || source.size() < sizeof(CommitRecord) ||
      offset > source.size() - sizeof(CommitRecord))
    return std::nullopt;
  return as_commit(read_record<CommitRecord>(source, offset), offset);
}

std::optional<Commit> last_commit(const Source& source, std::uint64_t end) {
  constexpr std::uint64_t piece = 1 << 20;
  const auto bytes = std::make_unique_for_overwrite<std::byte[]>(piece);
  end -= end % commit_alignment;
  while (end > sizeof(Header)) {
    const std::uint64_t begin = std::max<std::uint64_t>(sizeof(Header), end - std::min(end, piece));
    source.read(begin, {bytes.get(), static_cast<std::size_t>(end - begin)});
    for (std::uint64_t at = end - sizeof(CommitRecord);; at -= commit_alignment) {
      if (std::memcmp(bytes.get() + (at - begin), commit_magic.data(), commit_magic.size()) == 0) {
        CommitRecord record;
        std::memcpy(&record, bytes.get() + (at - begin), sizeof record);
        if (const std::optional<Commit> commit = as_commit(record, at)) return commit;
      }
      if (at == begin) break;
    }
    end = begin;
  }
  return std::nullopt;
}

Commit newest_commit(const Source& source) {
  const std::uint64_t size = source.size();
  if (size < sizeof(Header) + sizeof(CommitRecord))
    refuse(source, size, "commit record", text("the file has ", size, " bytes and ends before it"),
           "It was cut short.");
  const std::uint64_t offset = size - sizeof(CommitRecord);
  const auto record = read_record<CommitRecord>(source, offset);
  if (const std::optional<Commit> commit = offset % commit_alignment == 0 ? as_commit(record, offset) : std::nullopt)
    return *commit;
  const bool damaged = resembles(record.magic, commit_magic);
  if (!damaged) {
    if (const std::optional<Commit> commit = last_commit(source, size)) return *commit;
  }
  refuse(source, offset, "commit record",
         damaged ? "it is damaged" : "the file does not end with a valid one, nor holds one before",
         damaged ? "What was committed before, and all that is whole, can be had with io::salvage."
                 : "It was cut short, or never finished.");
}

std::vector<Commit> history(const Source& source, const Commit& newest) {
  std::vector<Commit> commits{newest};
  while (commits.back().record.generation > 1) {
    const Commit& last = commits.back();
    const std::optional<Commit> before = commit_at(source, last.record.begin - sizeof(CommitRecord));
    if (!before || before->record.generation + 1 != last.record.generation)
      refuse(source, last.record.begin - sizeof(CommitRecord), "commit record",
             text("that of generation ", last.record.generation - 1, " is damaged or missing"));
    commits.push_back(*before);
  }
  return commits;
}

void check_features(const Source& source, const Commit& commit) {
  const unsigned unknown = commit.record.required_features & ~known_features;
  if (unknown != 0)
    refuse(source, commit.offset + offsetof(CommitRecord, required_features), "commit record",
           text("generation ", commit.record.generation, " needs feature ", std::countr_zero(unknown),
                ", which this Cairn does not know"),
           "Read it with a newer Cairn.");
}

}  // namespace cairn::io
