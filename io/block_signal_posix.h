// A signal that a write may raise, and that would end the process: an error for the caller instead.
//
// The calling thread blocks it until this goes out of scope, and takes back the one that its own write raised. The
// process's handler is left alone, as is a signal that was pending before.
#pragma once

#include <cerrno>
#include <csignal>

namespace cairn::io {

class BlockSignal {
 public:
  explicit BlockSignal(int signal) {
    sigemptyset(&signal_);
    sigaddset(&signal_, signal);
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    sigset_t pending;
    was_pending_ =
        sigismember(&before_, signal) == 1 && sigpending(&pending) == 0 && sigismember(&pending, signal) == 1;
  }
  ~BlockSignal() {
    const int error = errno;
    if (raised && !was_pending_) {
      const timespec at_once{};
      while (sigtimedwait(&signal_, nullptr, &at_once) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  BlockSignal(const BlockSignal&) = delete;
  BlockSignal& operator=(const BlockSignal&) = delete;

  bool raised = false;  ///< To be set when a write failed in a way that raises it.

 private:
  sigset_t signal_, before_;
  bool was_pending_;
};

}  // namespace cairn::io
