// All the threading there is: `parallel_for`.
//
// The caller takes part, tasks never wait on tasks, a nested call runs inline, and of several exceptions the one with
// the lowest index is thrown. Without an executor everything runs on the calling thread: Cairn starts no thread that
// was not asked for. `ThreadPool pool(4); UseExecutor use(pool);` gives the calling thread four until `use` goes out of
// scope; an application with threads of its own derives from `Executor`.
//
// What a task computes must depend on its index only; then results do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace cairn {

class Executor {
 public:
  virtual ~Executor() = default;
  virtual int concurrency() const = 0;  ///< How many threads take part, the caller included.

  /// Calls `task(context, i)` once for every i of [0, count), in any order, on any thread, and returns when all are
  /// done. `task` does not throw.
  virtual void run(std::int64_t count, void (*task)(void* context, std::int64_t i), void* context) = 0;
};

/// Threads that start with the first job and sleep between jobs. `concurrency` counts the caller: 1 starts none.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(int concurrency);
  ~ThreadPool() override;
  int concurrency() const override;
  void run(std::int64_t count, void (*task)(void*, std::int64_t), void* context) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Makes this thread's parallel_for use the executor, until it goes out of scope.
class UseExecutor {
 public:
  explicit UseExecutor(Executor& executor);
  ~UseExecutor();
  UseExecutor(const UseExecutor&) = delete;
  UseExecutor& operator=(const UseExecutor&) = delete;

 private:
  Executor* before_;
};

int concurrency();  ///< Of the calling thread's executor; 1 without one, and inside a task.

namespace detail {
void parallel_for(std::int64_t count, void (*task)(void* context, std::int64_t i), void* context);
}

/// Calls `f(i)` for every i of [0, count).
template <class F>
void parallel_for(std::int64_t count, F&& f) {
  detail::parallel_for(
      count, [](void* context, std::int64_t i) { (*static_cast<std::remove_reference_t<F>*>(context))(i); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace cairn
