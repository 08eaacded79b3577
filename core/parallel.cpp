// The thread pool, and what parallel_for adds to an executor: inline nesting and exceptions.
//
// The pool holds one job at a time. Its threads start with the first job, sleep on a condition variable, take indices
// from an atomic counter while a job is open, and sleep again; the caller takes indices too, closes the job and waits
// for those still working. A second caller that finds the pool busy works alone instead of waiting, and a pool that the
// system grants no thread, or fewer, makes do with those it has: results do not depend on their number.
#include <cairn/core/parallel.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/thread_state.h>

namespace cairn {

struct ThreadPool::State {
  int concurrency = 1;
  bool started = false;
  std::mutex caller;  // held by the caller whose job this is; guards the two above and `threads`
  std::mutex mutex;   // guards what follows, but for `next`
  std::condition_variable work, done;
  std::vector<std::thread> threads;
  std::uint64_t generation = 0;
  bool open = false, stop = false;
  int active = 0;
  std::int64_t count = 0;
  void (*task)(void*, std::int64_t) = nullptr;
  void* context = nullptr;
  std::atomic<std::int64_t> next{0};

  void take_indices() {
    for (std::int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) task(context, i);
  }

  void serve() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      work.wait(lock, [&] { return stop || generation != seen; });
      if (stop) return;
      seen = generation;
      if (!open) continue;  // woken after the others had finished
      ++active;
      lock.unlock();
      take_indices();
      lock.lock();
      if (--active == 0) done.notify_one();
    }
  }

  void start() {
    started = true;
    try {
      threads.reserve(static_cast<std::size_t>(concurrency) - 1);
      for (int i = 1; i < concurrency; ++i) threads.emplace_back([this] { serve(); });
    } catch (const std::exception&) {  // as many as there are
    }
  }

  void join() {
    {
      std::lock_guard lock(mutex);
      stop = true;
    }
    work.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

ThreadPool::ThreadPool(int concurrency) : state_(std::make_unique<State>()) {
  check<ValueError>(concurrency >= 1, "ThreadPool: concurrency is ", concurrency,
                    ", but must be at least 1, the caller itself");
  state_->concurrency = concurrency;
}

ThreadPool::~ThreadPool() { state_->join(); }

int ThreadPool::concurrency() const { return state_->concurrency; }

void ThreadPool::run(std::int64_t count, void (*task)(void*, std::int64_t), void* context) {
  State& state = *state_;
  std::unique_lock mine(state.caller, std::try_to_lock);
  if (mine && !state.started && count > 1) state.start();
  if (!mine || state.threads.empty() || count <= 1) {
    for (std::int64_t i = 0; i < count; ++i) task(context, i);
    return;
  }
  {
    std::lock_guard lock(state.mutex);
    state.count = count;
    state.task = task;
    state.context = context;
    state.next.store(0, std::memory_order_relaxed);
    state.open = true;
    ++state.generation;
  }
  const auto helpers = static_cast<std::int64_t>(state.threads.size());
  if (count - 1 >= helpers)
    state.work.notify_all();
  else
    for (std::int64_t i = 1; i < count; ++i) state.work.notify_one();
  state.take_indices();
  std::unique_lock lock(state.mutex);
  state.open = false;
  state.done.wait(lock, [&] { return state.active == 0; });
}

UseExecutor::UseExecutor(Executor& executor) : before_(std::exchange(thread_state.executor, &executor)) {}

UseExecutor::~UseExecutor() { thread_state.executor = before_; }

int concurrency() {
  const Executor* executor = thread_state.executor;
  return executor && !thread_state.in_parallel ? executor->concurrency() : 1;
}

namespace {

/// One parallel_for: what to call, and the failure of the lowest index so far.
struct Loop {
  void (*task)(void*, std::int64_t);
  void* context;
  bool grad_enabled;
  std::atomic<std::int64_t> failed{std::numeric_limits<std::int64_t>::max()};
  std::mutex mutex;
  std::exception_ptr exception;

  void call(std::int64_t i) noexcept {
    if (i > failed.load(std::memory_order_relaxed)) return;  // what a loop on one thread would not have reached
    const bool parallel_before = std::exchange(thread_state.in_parallel, true);
    const bool grad_before = std::exchange(thread_state.grad_enabled, grad_enabled);
    try {
      task(context, i);
    } catch (...) {
      std::lock_guard lock(mutex);
      if (i < failed.load(std::memory_order_relaxed)) {
        failed.store(i, std::memory_order_relaxed);
        exception = std::current_exception();
      }
    }
    thread_state.grad_enabled = grad_before;
    thread_state.in_parallel = parallel_before;
  }
};

}  // namespace

void detail::parallel_for(std::int64_t count, void (*task)(void*, std::int64_t), void* context) {
  Executor* const executor = thread_state.executor;
  if (!executor || count <= 1 || thread_state.in_parallel || executor->concurrency() <= 1) {
    for (std::int64_t i = 0; i < count; ++i) task(context, i);
    return;
  }
  Loop loop{.task = task, .context = context, .grad_enabled = thread_state.grad_enabled, .mutex = {}, .exception = {}};
  executor->run(
      count, [](void* self, std::int64_t i) { static_cast<Loop*>(self)->call(i); }, &loop);
  if (loop.exception) std::rethrow_exception(loop.exception);
}

}  // namespace cairn
