#include <cairn/io/save.h>

#include <vector>

#include <cairn/core/deferred.h>
#include <cairn/core/error.h>
#include <cairn/io/output.h>
#include <cairn/io/replace_file.h>
#include <cairn/io/writer.h>

namespace cairn::io {

namespace {

constexpr std::size_t piece = std::size_t{1} << 20;  // what a file is written by

class MemorySink final : public Sink {
 public:
  explicit MemorySink(std::vector<std::byte>& bytes) : bytes_(bytes) {}
  void write(std::span<const std::byte> bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

 private:
  std::vector<std::byte>& bytes_;
};

class FileSink final : public Sink {
 public:
  explicit FileSink(WritableFile& file) : file_(file) {}
  void write(std::span<const std::byte> bytes) override { file_.write(bytes); }

 private:
  WritableFile& file_;
};

class FunctionSink final : public Sink {
 public:
  explicit FunctionSink(const std::function<void(std::span<const std::byte>)>& function) : function_(function) {}
  void write(std::span<const std::byte> bytes) override { function_(bytes); }

 private:
  const std::function<void(std::span<const std::byte>)>& function_;
};

/// The value itself, or, if some of its tensors are deferred, a copy in which they have been read into `holder`.
const Value& with_numbers(const Value& value, Value& holder) {
  bool deferred = false;
  value.for_each_tensor([&](const std::string&, const Tensor& tensor) {
    deferred = deferred || (tensor.defined() && tensor.is_deferred());
  });
  if (!deferred) return value;
  holder = materialize(value);
  return holder;
}

}  // namespace

void save(const std::string& path, const Value& value, const SaveOptions& options) {
  Value holder;
  Writer writer(with_numbers(value, holder), options);
  FileSystem& files = options.file_system ? *options.file_system : posix_file_system();
  replace_file(files, path, options.synced, [&](WritableFile& file) {
    FileSink sink(file);
    Output out(sink, piece);
    writer.write(out);
  });
}

void save_to_memory(const Value& value, Bytes& bytes, const SaveOptions& options) {
  Value holder;
  Writer writer(with_numbers(value, holder), options);
  bytes.data.clear();
  if (options.preset == Preset::none || writer.size_estimate() < piece)
    bytes.data.reserve(static_cast<std::size_t>(writer.size_estimate()));
  MemorySink sink(bytes.data);
  Output out(sink, 0);
  writer.write(out);
}

Bytes save_to_memory(const Value& value, const SaveOptions& options) {
  Bytes bytes;
  save_to_memory(value, bytes, options);
  return bytes;
}

void save_to(const std::function<void(std::span<const std::byte>)>& write, const Value& value,
             const SaveOptions& options) {
  Value holder;
  Writer writer(with_numbers(value, holder), options);
  FunctionSink sink(write);
  Output out(sink, piece);
  writer.write(out);
}

}  // namespace cairn::io
