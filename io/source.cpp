#include <cairn/io/source.h>

#include <cstring>
#include <istream>
#include <mutex>
#include <utility>

#include <cairn/core/error.h>

namespace cairn::io {

namespace {

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  explicit MemorySource(Bytes bytes) : owned_(std::move(bytes.data)), bytes_(owned_) {}

  std::uint64_t size() const override { return bytes_.size(); }
  SourceView view(std::uint64_t offset, std::uint64_t size) const override {
    return {bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size))};
  }
  ReadPattern pattern() const override { return {.tail = 0}; }
  const std::string& name() const override {
    static const std::string name = "memory";
    return name;
  }

  void read(std::uint64_t offset, std::span<std::byte> to) const override {
    if (offset > bytes_.size() || to.size() > bytes_.size() - offset)
      throw FormatError(
          text("memory: byte ", offset, ": ", to.size(), " bytes are needed, but there are ", bytes_.size(), " in all"),
          {.file = "memory", .offset = offset});
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
  }

 private:
  std::vector<std::byte> owned_;
  std::span<const std::byte> bytes_;
};

class FunctionSource final : public Source {
 public:
  FunctionSource(std::uint64_t size, std::function<void(std::uint64_t, std::span<std::byte>)> read, std::string name)
      : size_(size), read_(std::move(read)), name_(std::move(name)) {}

  std::uint64_t size() const override { return size_; }
  const std::string& name() const override { return name_; }
  ReadPattern pattern() const override {
    return {.unit = 8 << 20, .gap = 256 << 10, .tail = 64 << 10, .is_distant = true};
  }
  void read(std::uint64_t offset, std::span<std::byte> to) const override {
    const std::lock_guard lock(mutex_);
    read_(offset, to);
  }

 private:
  std::uint64_t size_;
  std::function<void(std::uint64_t, std::span<std::byte>)> read_;
  std::string name_;
  mutable std::mutex mutex_;
};

}  // namespace

SourceView Source::view(std::uint64_t, std::uint64_t) const { return {}; }

SourceReference memory_source(std::span<const std::byte> bytes) { return std::make_shared<MemorySource>(bytes); }

SourceReference memory_source(Bytes bytes) { return std::make_shared<MemorySource>(std::move(bytes)); }

SourceReference stream_source(std::istream& stream) {
  Bytes bytes;
  constexpr std::size_t piece = 64 << 10;
  while (stream) {
    const std::size_t size = bytes.data.size();
    bytes.data.resize(size + piece);
    stream.read(reinterpret_cast<char*>(bytes.data.data() + size), piece);
    bytes.data.resize(size + static_cast<std::size_t>(stream.gcount()));
  }
  check<IoError>(stream.eof() && !stream.bad(), "a stream: reading failed after ", bytes.data.size(), " bytes");
  return memory_source(std::move(bytes));
}

SourceReference function_source(std::uint64_t size, std::function<void(std::uint64_t, std::span<std::byte>)> read,
                                std::string name) {
  return std::make_shared<FunctionSource>(size, std::move(read), std::move(name));
}

}  // namespace cairn::io
