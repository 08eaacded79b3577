// Descriptors of the operating system, for writing in order.
#include <cairn/io/sink.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <poll.h>
#include <unistd.h>

#include <cairn/core/error.h>

namespace cairn::io {

namespace {

/// Until it goes out of scope, writing to a pipe that nobody reads any more is an error and not the end of the process:
/// the thread blocks SIGPIPE, and takes back the one that its own write raised.
class BlockPipeSignal {
 public:
  BlockPipeSignal() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGPIPE);
    sigset_t pending;
    was_pending_ = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~BlockPipeSignal() {
    if (raised && !was_pending_) {
      const timespec at_once{};
      while (sigtimedwait(&signal_, nullptr, &at_once) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  bool raised = false;

 private:
  sigset_t signal_, before_;
  bool was_pending_;
};

class DescriptorSink final : public Sink {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

  bool may_be_written_by_any_thread() const override { return true; }
  void write(std::span<const std::byte> bytes) override {
    BlockPipeSignal block;
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
