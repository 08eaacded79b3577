// Batches made ahead, in order, by one thread.
//
//   thread:  make(4) make(5) make(6) waits ...          at most `ahead` are ready or being made
//   next():          4       5   6
//
// What a batch's making throws is thrown by the next() that would have given it; nothing is made after it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include <cairn/train/dataset.h>

namespace cairn::train {

class Prefetcher {
 public:
  /// Makes the batches of the steps [first, end); `make` is called on the thread.
  Prefetcher(std::function<Batch(std::int64_t step)> make, std::int64_t first, std::int64_t end, std::int64_t ahead);
  ~Prefetcher();  ///< Waits for the batch that is being made, and drops what is ready.
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  Batch next();  ///< Not to be called more often than there are steps.

 private:
  void run(std::int64_t first, std::int64_t end);

  std::function<Batch(std::int64_t step)> make_;
  std::size_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace cairn::train
