#include <cairn/io/append.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include <cairn/core/error.h>
#include <cairn/io/attribute_tree.h>
#include <cairn/io/codec.h>
#include <cairn/io/container.h>
#include <cairn/io/file_sink.h>
#include <cairn/io/index_writer.h>
#include <cairn/io/replace_file.h>
#include <cairn/io/report.h>
#include <cairn/io/with_numbers.h>
#include <cairn/io/writer.h>

namespace cairn::io {

namespace {

FileSystem& files_of(FileSystem* given) { return given ? *given : posix_file_system(); }

/// Lets `write` add a generation, of about `size` bytes, behind the newest; after an error the file ends where it did.
/// Before the commit record everything else has reached the disk: a record is never there without what it vouches for.
template <class Write>
void add_generation(WritableFile& file, const Container& base, std::uint64_t size, bool synced, Write&& write) {
  const std::uint64_t end = base.commit().end();
  file.truncate(end);  // what an append left that did not end
  FileSink sink(file, synced);
  Output out(sink, file_piece(size), end);
  try {
    write(out, [&] {
      if (synced) file.sync();
    });
    if (synced) file.sync();
  } catch (...) {
    try {
      file.truncate(end);
    } catch (const Error&) {
      // What was appended is not committed; the next append cuts it off.
    }
    throw;
  }
}

/// The parts of an index as they are, with the chunks given.
IndexParts parts_of(const Index& index, std::span<const ChunkRecord> chunks) {
  return {.tensors = index.tensor_records(),
          .dimensions = index.dimensions(),
          .blobs = index.blob_records(),
          .locations = index.location_bytes(),
          .tree = index.tree(),
          .attributes = index.attributes(),
          .chunk_size = index.chunk_size(),
          .chunks = chunks};
}

/// All chunks of a state, bound to their places in another generation.
std::vector<ChunkRecord> chunks_for(const Container& container, std::uint32_t generation) {
  const Index& index = container.index();
  std::vector<ChunkRecord> chunks;
  chunks.reserve(index.chunk_count());
  for (std::uint32_t blob = 0; blob < index.blob_count(); ++blob) {
    for (std::uint32_t chunk = 0; chunk < index.chunk_count(blob); ++chunk) {
      chunks.push_back(container.unbound(blob, chunk));
      chunks.back().checksum ^= scramble(generation, blob, chunk);
    }
  }
  return chunks;
}

}  // namespace

void append(const std::string& path, const Value& value, const SaveOptions& options) {
  FileSystem& files = files_of(options.file_system);
  const std::unique_ptr<WritableFile> file = files.open_existing(path);
  if (!file) return save(path, value, options);
  const Container base(files.source(path), options.limits);
  const WithNumbers whole(value);
  Writer writer(whole.value(), options, &base);
  add_generation(*file, base, writer.size_estimate(), options.synced,
                 [&](Output& out, const std::function<void()>& before_commit) { writer.write(out, before_commit); });
}

void edit(const std::string& path, const Attributes& attributes, const EditOptions& options) {
  FileSystem& files = files_of(options.file_system);
  const std::unique_ptr<WritableFile> file = files.open_existing(path);
  check<IoError>(file != nullptr, path, ": there is no such file");
  const Container base(files.source(path), options.limits);
  const std::vector<std::byte> encoded = encode_attributes(attributes, base.labels());
  const std::uint32_t generation = base.commit().record.generation + 1;
  check<ValueError>(generation != 0, "edit: the file has 4294967295 generations, and can have no more");
  const std::vector<ChunkRecord> chunks = chunks_for(base, generation);
  IndexParts parts = parts_of(base.index(), chunks);
  parts.attributes = encoded;
  add_generation(*file, base, base.commit().index_size(), options.synced,
                 [&](Output& out, const std::function<void()>& before_commit) {
                   write_commit(out, parts, generation, base.commit().end(), before_commit);
                 });
}

std::vector<Generation> generations(const SourceReference& source) {
  const Container container(source, {});
  std::vector<Generation> all;
  for (const Commit& commit : history(*source, container.commit())) {
    Generation& one = all.emplace_back();
    one.generation = commit.record.generation;
    std::memcpy(one.root_digest.data(), &commit.record.root_digest, one.root_digest.size());
    one.begin = commit.record.begin;
    one.added = commit.end() - commit.record.begin;
  }
  std::reverse(all.begin(), all.end());
  return all;
}

std::vector<Generation> generations(const std::string& path) { return generations(open_source(path)); }

void repack(const std::string& path, const std::string& to, const EditOptions& options, const Progress& progress) {
  FileSystem& files = files_of(options.file_system);
  const Container container(files.source(path), options.limits);
  const Index& index = container.index();
  constexpr std::uint32_t generation = 1;
  std::vector<ChunkRecord> chunks = chunks_for(container, generation);
  std::uint64_t total = 0, done = 0;
  for (const ChunkRecord& chunk : chunks) total += chunk.stored;
  replace_file(files, to, options.synced, [&](WritableFile& file) {
    FileSink sink(file, options.synced);
    Output out(sink, file_piece(total));
    const Header header = sealed_header();
    out.write(bytes_of(header));
    Scratch scratch;
    std::size_t next = 0;
    for (std::uint32_t blob = 0; blob < index.blob_count(); ++blob) {
      for (std::uint32_t chunk = 0; chunk < index.chunk_count(blob); ++chunk) {
        ChunkRecord& record = chunks[next++];
        const std::span<const std::byte> stored = container.read_stored(blob, chunk, scratch);
        container.check(blob, chunk, stored);
        if (chunk == 0)
          out.pad_to(align_up(out.position(), run_alignment(index.blob(blob).size, record.codec == raw_codec.id)));
        record.offset = out.position();
        out.write(stored);
        done += record.stored;
        report(progress, done, total);
      }
    }
    write_commit(out, parts_of(index, chunks), generation, sizeof(Header), {});
  });
}

void repack(const std::string& path, const EditOptions& options, const Progress& progress) {
  const auto locked = files_of(options.file_system).open_existing(path);  // what is appended meanwhile would be lost
  repack(path, path, options, progress);
}

}  // namespace cairn::io
