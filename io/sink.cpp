#include <cairn/io/sink.h>

#include <ostream>
#include <utility>

#include <cairn/core/error.h>

namespace cairn::io {

namespace {

class FunctionSink final : public Sink {
 public:
  FunctionSink(std::function<void(std::span<const std::byte>)> write, std::function<void()> flush)
      : write_(std::move(write)), flush_(std::move(flush)) {}
  void write(std::span<const std::byte> bytes) override { write_(bytes); }
  void flush() override {
    if (flush_) flush_();
  }

 private:
  std::function<void(std::span<const std::byte>)> write_;
  std::function<void()> flush_;
};

class StreamSink final : public Sink {
 public:
  explicit StreamSink(std::ostream& stream) : stream_(stream) {}
  void write(std::span<const std::byte> bytes) override {
    stream_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    check<IoError>(stream_.good(), "a stream: writing failed after ", written_, " bytes");
    written_ += bytes.size();
  }
  void flush() override {
    stream_.flush();
    check<IoError>(stream_.good(), "a stream: it could not be flushed");
  }

 private:
  std::ostream& stream_;
  std::size_t written_ = 0;
};

}  // namespace

std::unique_ptr<Sink> function_sink(std::function<void(std::span<const std::byte>)> write,
                                    std::function<void()> flush) {
  check<ValueError>(static_cast<bool>(write), "function_sink: a function that writes is needed");
  return std::make_unique<FunctionSink>(std::move(write), std::move(flush));
}

std::unique_ptr<Sink> stream_sink(std::ostream& stream) { return std::make_unique<StreamSink>(stream); }

}  // namespace cairn::io
