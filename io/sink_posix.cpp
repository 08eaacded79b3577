// Descriptors of the operating system, for writing in order.
#include <cairn/io/sink.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <poll.h>
#include <unistd.h>

#include <cairn/core/error.h>
#include <cairn/io/block_signal_posix.h>

namespace cairn::io {

namespace {

class DescriptorSink final : public Sink {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

  bool may_be_written_by_any_thread() const override { return true; }
  void write(std::span<const std::byte> bytes) override {
    BlockSignal block(SIGPIPE);  // of a pipe that nobody reads any more
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) {  // one that does not wait by itself
        pollfd ready{.fd = descriptor_, .events = POLLOUT, .revents = 0};
        ::poll(&ready, 1, -1);
        continue;
      }
      if (count < 0) {
        const int error = errno;
        block.raised = error == EPIPE;
        throw IoError(text("descriptor ", descriptor_, ": writing ", bytes.size(), " bytes after ", written_, ": ",
                           std::strerror(error)),
                      {.offset = written_, .found = std::strerror(error)});
      }
      written_ += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

 private:
  int descriptor_;
  std::uint64_t written_ = 0;
};

}  // namespace

std::unique_ptr<Sink> descriptor_sink(int descriptor) { return std::make_unique<DescriptorSink>(descriptor); }

}  // namespace cairn::io
