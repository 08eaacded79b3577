#include <cairn/train/prefetcher.h>

#include <utility>

namespace cairn::train {

Prefetcher::Prefetcher(std::function<Batch(std::int64_t step)> make, std::int64_t first, std::int64_t end,
                       std::int64_t ahead)
    : make_(std::move(make)),
      ahead_(static_cast<std::size_t>(ahead)),
      thread_([this, first, end] { run(first, end); }) {}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prefetcher::run(std::int64_t first, std::int64_t end) {
  for (std::int64_t step = first; step < end; ++step) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || ready_.size() < ahead_; });
      if (stopping_) return;
    }
    Batch batch;
    std::exception_ptr failure;
    try {
      batch = make_(step);
    } catch (...) {
      failure = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      failure_ = failure;
      if (!failure) ready_.push_back(std::move(batch));
    }
    changed_.notify_all();
    if (failure) return;
  }
}

Batch Prefetcher::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || failure_; });
  if (ready_.empty()) std::rethrow_exception(failure_);
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return batch;
}

}  // namespace cairn::train
