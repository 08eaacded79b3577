#include <cairn/io/save.h>

#include <new>
#include <vector>

#include <cairn/core/deferred.h>
#include <cairn/core/error.h>
#include <cairn/core/huge_pages.h>
#include <cairn/io/file_sink.h>
#include <cairn/io/other_formats.h>
#include <cairn/io/output.h>
#include <cairn/io/replace_file.h>
#include <cairn/io/with_numbers.h>
#include <cairn/io/writer.h>

namespace cairn::io {

namespace {

class MemorySink final : public Sink {
 public:
  explicit MemorySink(std::vector<std::byte>& bytes) : bytes_(bytes) {}
  void write(std::span<const std::byte> bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

 private:
  std::vector<std::byte>& bytes_;
};

/// Packed numbers may turn out far smaller than estimated: they get fresh memory, which costs nothing until it is
/// touched, or what was used before as it is.
void reserve(std::vector<std::byte>& bytes, std::size_t size, bool packed) {
  if (size <= bytes.capacity() || (packed && bytes.capacity() > 0)) return;
  try {
    bytes.reserve(size);
    prefer_huge_pages(bytes.data(), size);
  } catch (const std::bad_alloc&) {
    // What is packed may fit all the same.
  }
}

}  // namespace

void save(const std::string& path, const Value& value, const SaveOptions& options) {
  check_save_name(path);
  const WithNumbers whole(value);
  Writer writer(whole.value(), options);
  FileSystem& files = options.file_system ? *options.file_system : posix_file_system();
  replace_file(files, path, options.synced, [&](WritableFile& file) {
    FileSink sink(file, options.synced);
    Output out(sink, file_piece(writer.size_estimate()));
    writer.write(out);
  });
}

void save_to_memory(const Value& value, Bytes& bytes, const SaveOptions& options) {
  const WithNumbers whole(value);
  Writer writer(whole.value(), options);
  bytes.data.clear();
  reserve(bytes.data, static_cast<std::size_t>(writer.size_estimate()), options.preset != Preset::none);
  MemorySink sink(bytes.data);
  Output out(sink, 0);
  writer.write(out);
}

Bytes save_to_memory(const Value& value, const SaveOptions& options) {
  Bytes bytes;
  save_to_memory(value, bytes, options);
  return bytes;
}

void save_to(Sink& sink, const Value& value, const SaveOptions& options) {
  const WithNumbers whole(value);
  Writer writer(whole.value(), options);
  Output out(sink, sink_piece);
  writer.write(out);
  sink.flush();
}

void save_to(const std::function<void(std::span<const std::byte>)>& write, const Value& value,
             const SaveOptions& options) {
  save_to(*function_sink(write), value, options);
}

}  // namespace cairn::io
