#include <cairn/io/verify.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <unordered_set>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/io/attribute_tree.h>
#include <cairn/io/checksum.h>
#include <cairn/io/codec.h>
#include <cairn/io/container.h>
#include <cairn/io/labels.h>
#include <cairn/io/report.h>

namespace cairn::io {

namespace {

class Verification {
 public:
  Verification(SourceReference source, const VerifyOptions& options)
      : source_(std::move(source)), options_(options), size_(source_->size()) {}

  std::vector<Damage> run() {
    const bool header = check_header_bytes();
    std::optional<Commit> commit = check_last_commit(header);
    while (commit) {
      check_generation(*commit);
      commit = commit_before(*commit);
    }
    report(options_.progress, size_, size_);
    std::sort(damages_.begin(), damages_.end(), [](const Damage& a, const Damage& b) { return a.offset < b.offset; });
    return std::move(damages_);
  }

 private:
  void add(std::uint64_t offset, std::uint64_t length, const char* section, std::string found,
           std::string tensor = "") {
    damages_.push_back({offset, length, section, std::move(tensor), std::move(found)});
  }

  /// Runs `f`; a FormatError of it becomes a damage.
  template <class F>
  bool examine(std::uint64_t offset, std::uint64_t length, const char* section, F&& f) {
    try {
      f();
      return true;
    } catch (const FormatError& error) {
      add(offset, length, section, error.message());
      return false;
    }
  }

  bool check_header_bytes() {
    const std::uint64_t length = std::min<std::uint64_t>(size_, sizeof(Header));
    try {
      check_header(*source_);
      return true;
    } catch (const FormatError& error) {
      // Whole, but of another version or with features unknown here: not damaged, only not for this reader.
      if (error.fields().offset != 0) throw;
      // Neither beginning nor ending as a container does, this is another kind of file, or nothing.
      if (!begins_as_container() && !ends_as_container()) throw;
      add(0, length, "header", error.message());
      return false;
    }
  }

  bool begins_as_container() const {
    std::array<std::uint8_t, header_magic.size()> magic{};
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(magic.size(), size_));
    source_->read(0, std::as_writable_bytes(std::span(magic).first(size)));
    return size > 0 &&
           std::equal(magic.begin(), magic.begin() + static_cast<std::ptrdiff_t>(size), header_magic.begin());
  }

  bool ends_as_container() const {
    if (size_ < sizeof(Header) + sizeof(CommitRecord)) return false;
    std::array<std::uint8_t, commit_magic.size()> magic;
    source_->read(size_ - sizeof(CommitRecord), std::as_writable_bytes(std::span(magic)));
    return magic == commit_magic;
  }

  /// The last commit record that is right, and what is wrong behind it.
  std::optional<Commit> check_last_commit(bool header_is_whole) {
    std::optional<Commit> commit = last_commit(*source_, size_);
    const std::uint64_t end = commit ? commit->end() : std::min<std::uint64_t>(size_, sizeof(Header));
    if (end == size_) {
      if (!commit && header_is_whole)
        add(0, size_, "commit record", "the file ends behind its header: it was cut short");
      return commit;
    }
    try {
      newest_commit(*source_);
    } catch (const FormatError& error) {  // a damaged record, or none at all
      const std::uint64_t length = std::min<std::uint64_t>(sizeof(CommitRecord), size_ - end);
      add(size_ - length, length, "commit record", error.message());
      return commit;
    }
    for (std::uint64_t at = end; at < size_; at += piece_size)
      add(at, std::min(piece_size, size_ - at), "torn", "no commit record covers it: an append did not end");
    return commit;
  }

  std::optional<Commit> commit_before(const Commit& commit) {
    if (commit.record.generation == 1) return std::nullopt;
    const std::uint64_t offset = commit.record.begin - sizeof(CommitRecord);
    std::optional<Commit> before = commit_at(*source_, offset);
    if (before && before->record.generation + 1 == commit.record.generation) return before;
    add(offset, sizeof(CommitRecord), "commit record",
        text("that of generation ", commit.record.generation - 1, " is damaged"));
    return std::nullopt;
  }

  bool check_index_bytes(const Commit& commit) {
    const std::uint64_t begin = commit.record.index_offset;
    const std::uint64_t pieces = count_pieces(commit.index_size(), piece_size + sizeof(std::uint64_t));
    const std::uint64_t table = std::min(commit.index_size(), pieces * sizeof(std::uint64_t));
    IndexBytes bytes;
    if (!examine(begin + commit.index_size() - table, table, "index",
                 [&] { bytes = read_index(*source_, commit, options_.limits); }))
      return false;
    bool whole = true;
    for (std::uint64_t piece = 0; piece < pieces; ++piece) {
      if (is_piece_whole(bytes, piece, commit)) continue;
      const std::uint64_t at = piece * piece_size;
      add(begin + at, std::min<std::uint64_t>(piece_size, bytes.body.size() - at), "index",
          "its checksum does not fit");
      whole = false;
    }
    return whole;
  }

  void check_generation(const Commit& commit) {
    if (!check_index_bytes(commit)) return;
    check_features(*source_, commit);
    std::optional<Container> container;
    std::vector<std::string> names;
    // The checksums of the index are right: what is wrong now was written so.
    if (!examine(commit.record.index_offset, std::min(commit.index_size(), piece_size), "index", [&] {
          container.emplace(source_, options_.limits, commit);
          names = names_of_blobs(*container);
          decode_attributes(*container);
        }))
      return;
    const Index& index = container->index();
    std::uint64_t end = commit.record.begin;
    for (std::uint32_t blob = 0; blob < index.blob_count(); ++blob) {
      for (std::uint64_t chunk = 0; chunk < index.chunk_count(blob); ++chunk) {
        const ChunkRecord record = index.chunk(blob, chunk).record;
        if (record.offset < commit.record.begin) continue;
        check_padding(end, record.offset);
        end = record.offset + record.stored;
      }
      check_blob(*container, blob, names[blob]);
    }
    check_padding(end, commit.record.index_offset);
  }

  static std::vector<std::string> names_of_blobs(const Container& container) {
    const std::vector<std::string> labels = container.labels();
    std::vector<std::string> names(container.index().blob_count());
    for (std::uint32_t i = 0; i < labels.size(); ++i) {
      std::string& name = names[container.index().tensor(i).blob];
      if (name.empty()) name = labels[i];
    }
    return names;
  }

  void check_padding(std::uint64_t begin, std::uint64_t end) {
    if (begin == end) return;
    const auto bytes = scratch_.stored.get(static_cast<std::size_t>(end - begin));
    source_->read(begin, bytes);
    if (std::any_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte != std::byte{0}; }))
      add(begin, end - begin, "padding", "bytes that must be zero are not");
  }

  /// Unless a newer generation has a blob of the same digest and chunks, every chunk of it and the digest. What has
  /// been said of a chunk is not said again.
  void check_blob(const Container& container, std::uint32_t blob, const std::string& name) {
    const Index& index = container.index();
    std::vector<std::byte> told;  // by the index, apart from the blob's place in it
    append(told, index.blob(blob));
    for (std::uint64_t chunk = 0; chunk < index.chunk_count(blob); ++chunk)
      append(told, container.unbound(blob, chunk));
    if (!blobs_.insert(checksum(told)).second) return;
    std::vector<Hash> leaves;
    bool whole = true;
    for (std::uint64_t chunk = 0; chunk < index.chunk_count(blob); ++chunk) {
      const Index::Chunk entry = index.chunk(blob, chunk);
      const bool first = chunks_.insert(checksum(bytes_of(container.unbound(blob, chunk)))).second;
      if (const char* wrong = check_chunk(container, blob, chunk, entry, leaves)) {
        if (first) add(entry.record.offset, entry.record.stored, "chunk", wrong, name);
        whole = false;
      }
      report(options_.progress, std::min(done_ += first ? entry.record.stored : 0, size_), size_);
    }
    if (whole && !fits(hash(std::as_bytes(std::span(leaves))), index.blob(blob).digest))
      add(index.chunk_count(blob) == 0 ? container.commit().record.index_offset : index.chunk(blob, 0).record.offset,
          std::min(std::max<std::uint64_t>(index.stored_size(blob), 1), index.chunk_size()), "blob",
          "its digest does not fit its bytes, though their checksums do", name);
  }

  const char* check_chunk(const Container& container, std::uint32_t blob, std::uint64_t chunk,
                          const Index::Chunk& entry, std::vector<Hash>& leaves) {
    const std::span<const std::byte> stored = container.read_stored(blob, chunk, scratch_);
    if (!fits(checksum(stored), container.unbound(blob, chunk).checksum)) return "its checksum does not fit";
    const Codec* codec = find_codec(entry.record.codec);
    if (!codec) return "it is packed with a codec that this Cairn does not know";
    std::span<const std::byte> decoded = stored;
    if (codec != &raw_codec) {
      const auto to = scratch_.decoded.get(static_cast<std::size_t>(entry.decoded));
      if (const char* wrong = codec->decode(stored, container.index().dtype(blob), to)) return wrong;
      decoded = to;
    }
    if (const char* wrong = fault_of(decoded, container.index().dtype(blob))) return wrong;
    for (std::size_t at = 0; at < decoded.size(); at += leaf_size)
      leaves.push_back(hash(decoded.subspan(at, std::min<std::size_t>(leaf_size, decoded.size() - at))));
    return nullptr;
  }

  SourceReference source_;
  const VerifyOptions& options_;
  std::uint64_t size_, done_ = 0;
  Scratch scratch_;
  std::unordered_set<std::uint64_t> blobs_, chunks_;  // that have been checked, by the hash of what the index tells
  std::vector<Damage> damages_;
};

}  // namespace

std::string to_string(const Damage& damage) {
  return text("bytes ", damage.offset, " to ", damage.offset + damage.length - 1, ": ", damage.section,
              damage.tensor.empty() ? "" : text(" of \"", damage.tensor, "\""), ": ", damage.found);
}

std::vector<Damage> verify(const SourceReference& source, const VerifyOptions& options) {
  check<ValueError>(source != nullptr, "verify: no source was given");
  return Verification(source, options).run();
}

std::vector<Damage> verify(const std::string& path, const VerifyOptions& options) {
  return verify(open_source(path), options);
}

}  // namespace cairn::io
