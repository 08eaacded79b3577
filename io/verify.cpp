#include <cairn/io/verify.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/io/checksum.h>
#include <cairn/io/codec.h>
#include <cairn/io/container.h>
#include <cairn/io/labels.h>
#include <cairn/io/report.h>
#include <cairn/io/tree.h>

namespace cairn::io {

namespace {

class Verification {
 public:
  Verification(SourceReference source, const VerifyOptions& options)
      : source_(std::move(source)), options_(options), size_(source_->size()) {}

  std::vector<Damage> run() {
    const bool header = check_header_bytes();
    if (const std::optional<CommitRecord> commit = check_commit_bytes(header)) {
      if (check_index_bytes(*commit)) check_blobs(*commit);
    }
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

  std::optional<CommitRecord> check_commit_bytes(bool header_is_whole) {
    std::optional<CommitRecord> commit;
    const std::uint64_t length =
        std::min<std::uint64_t>(sizeof(CommitRecord), size_ - std::min<std::uint64_t>(size_, sizeof(Header)));
    if (length == 0) {
      if (header_is_whole) add(0, size_, "commit record", "the file ends behind its header: it was cut short");
      return commit;
    }
    examine(size_ - length, length, "commit record", [&] { commit = check_commit_record(*source_); });
    return commit;
  }

  bool check_index_bytes(const CommitRecord& commit) {
    const std::uint64_t pieces = count_pieces(commit.index_size, piece_size + sizeof(std::uint64_t));
    const std::uint64_t table = std::min(commit.index_size, pieces * sizeof(std::uint64_t));
    IndexBytes bytes;
    if (!examine(commit.index_offset + commit.index_size - table, table, "index",
                 [&] { bytes = read_index(*source_, commit, options_.limits); }))
      return false;
    bool whole = true;
    for (std::uint64_t piece = 0; piece < pieces; ++piece) {
      if (is_piece_whole(bytes, piece, commit.generation)) continue;
      const std::uint64_t begin = piece * piece_size;
      add(commit.index_offset + begin, std::min<std::uint64_t>(piece_size, bytes.body.size() - begin), "index",
          "its checksum does not fit");
      whole = false;
    }
    return whole;
  }

  void check_blobs(const CommitRecord& commit) {
    std::optional<Index> index;
    // The checksums of the index are right: what is wrong now was written so.
    if (!examine(commit.index_offset, std::min(commit.index_size, piece_size), "index", [&] {
          bytes_ = read_index(*source_, commit, options_.limits);
          index.emplace(bytes_.body, commit.index_offset, commit.generation, source_->name(), options_.limits);
          read_names(*index);
        }))
      return;
    if (hash(index->content()) != commit.root_digest)
      add(size_ - sizeof(CommitRecord), sizeof(CommitRecord), "commit record",
          "the root digest does not fit the index");
    std::uint64_t end = sizeof(Header);
    for (std::uint32_t blob = 0; blob < index->blob_count(); ++blob) {
      check_padding(end, index->placement(blob).offset);
      check_blob(*index, blob);
      end = index->blob_end(blob);
    }
    check_padding(end, commit.index_offset);
    report(options_.progress, size_, size_);
  }

  void read_names(const Index& index) {
    const std::vector<Tensor> tensors(index.tensor_count());
    const Value tree = decode_tree(index.tree(), tensors, source_->name(), index.tree_offset(), options_.limits);
    const std::vector<std::string> labels = tensor_labels(tree);
    names_.resize(index.blob_count());
    for (std::uint32_t i = 0; i < labels.size(); ++i) {
      std::string& name = names_[index.tensor(i).blob];
      if (name.empty()) name = labels[i];
    }
  }

  void check_padding(std::uint64_t begin, std::uint64_t end) {
    if (begin == end) return;
    const auto bytes = scratch_.stored.get(static_cast<std::size_t>(end - begin));
    source_->read(begin, bytes);
    if (std::any_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte != std::byte{0}; }))
      add(begin, end - begin, "padding", "bytes that must be zero are not");
  }

  void check_blob(const Index& index, std::uint32_t blob) {
    std::vector<Hash> leaves;
    bool whole = true;
    for (std::uint64_t chunk = 0; chunk < index.chunk_count(blob); ++chunk) {
      const Index::Chunk entry = index.chunk(blob, chunk);
      const auto stored = scratch_.stored.get(entry.record.stored);
      source_->read(entry.offset, stored);
      const char* wrong = check_chunk(index, blob, chunk, entry, stored, leaves);
      if (wrong) add(entry.offset, entry.record.stored, "chunk", wrong, names_[blob]);
      whole = whole && !wrong;
      report(options_.progress, entry.offset, size_);
    }
    if (whole && hash(std::as_bytes(std::span(leaves))) != index.blob(blob).digest)
      add(index.placement(blob).offset, std::min(index.stored_size(blob), index.chunk_size()), "blob",
          "its digest does not fit its bytes, though their checksums do", names_[blob]);
  }

  const char* check_chunk(const Index& index, std::uint32_t blob, std::uint64_t chunk, const Index::Chunk& entry,
                          std::span<const std::byte> stored, std::vector<Hash>& leaves) {
    const std::uint64_t place = scramble(index.placement(blob).generation, blob, static_cast<std::uint32_t>(chunk));
    if ((checksum(stored) ^ place) != entry.record.checksum) return "its checksum does not fit";
    const Codec* codec = find_codec(entry.record.codec);
    if (!codec) return "it is packed with a codec that this Cairn does not know";
    std::span<const std::byte> decoded = stored;
    if (codec != &raw_codec) {
      const auto to = scratch_.decoded.get(static_cast<std::size_t>(entry.decoded));
      if (const char* wrong = codec->decode(stored, static_cast<DType>(index.blob(blob).dtype), to)) return wrong;
      decoded = to;
    }
    for (std::size_t at = 0; at < decoded.size(); at += leaf_size)
      leaves.push_back(hash(decoded.subspan(at, std::min<std::size_t>(leaf_size, decoded.size() - at))));
    return nullptr;
  }

  SourceReference source_;
  const VerifyOptions& options_;
  std::uint64_t size_;
  IndexBytes bytes_;
  std::vector<std::string> names_;  // of each blob: its first tensor's
  Scratch scratch_;
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
