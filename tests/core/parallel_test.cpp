// parallel_for: every index once, exceptions in order, nesting inline, no threads unless asked for.
#include <cairn/core/parallel.h>

#include "catch.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/error.h>

using namespace cairn;

TEST_CASE("Without an executor everything runs on the calling thread, in order") {
  std::vector<std::int64_t> order;
  std::set<std::thread::id> threads;
  parallel_for(5, [&](std::int64_t i) { order.push_back(i), threads.insert(std::this_thread::get_id()); });
  CHECK(order == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  CHECK(threads == std::set<std::thread::id>{std::this_thread::get_id()});
  CHECK(concurrency() == 1);
}

TEST_CASE("Every index runs exactly once, for any number of threads and of indices") {
  for (int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    CHECK(pool.concurrency() == threads);
    const UseExecutor use(pool);
    CHECK(concurrency() == threads);
    for (std::int64_t count : {0, 1, 2, 3, 1000}) {
      CAPTURE(threads, count);
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
      parallel_for(count, [&](std::int64_t i) { ++calls[static_cast<std::size_t>(i)]; });
      for (const auto& call : calls) REQUIRE(call == 1);
    }
  }
  CHECK(concurrency() == 1);
}

TEST_CASE("The threads of a pool do take part") {
  ThreadPool pool(2);
  const UseExecutor use(pool);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<int> waiting{0};
  parallel_for(2, [&](std::int64_t) {
    ++waiting;
    const auto start = std::chrono::steady_clock::now();
    while (waiting < 2 && std::chrono::steady_clock::now() - start < std::chrono::seconds(30))
      std::this_thread::yield();
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  CHECK(waiting == 2);
  CHECK(threads.size() == 2);
}

#ifdef __linux__
TEST_CASE("A pool starts its threads with the first loop that can use them") {
  const auto threads_of_process = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto before = threads_of_process();
  ThreadPool pool(3);
  const UseExecutor use(pool);
  parallel_for(1, [](std::int64_t) {});
  CHECK(threads_of_process() == before);
  parallel_for(2, [](std::int64_t) {});
  CHECK(threads_of_process() == before + 2);
}
#endif

TEST_CASE("Many short loops follow one another without losing an index") {
  ThreadPool pool(3);
  const UseExecutor use(pool);
  std::atomic<std::int64_t> sum{0};
  for (int round = 0; round < 2000; ++round) parallel_for(7, [&](std::int64_t i) { sum += i; });
  CHECK(sum == 2000 * 21);
}

TEST_CASE("Of several exceptions the one of the lowest index is thrown") {
  for (int threads : {1, 4}) {
    ThreadPool pool(threads);
    const UseExecutor use(pool);
    for (int round = 0; round < 50; ++round) {
      try {
        parallel_for(100, [](std::int64_t i) {
          if (i % 10 == 7) throw std::runtime_error(std::to_string(i));
        });
        FAIL("did not throw");
      } catch (const std::runtime_error& error) {
        REQUIRE(std::string(error.what()) == "7");
      }
    }
    std::atomic<int> calls{0};
    parallel_for(10, [&](std::int64_t) { ++calls; });
    CHECK(calls == 10);
  }
}

TEST_CASE("A nested loop runs inline, on the thread of its task") {
  ThreadPool pool(4);
  const UseExecutor use(pool);
  std::atomic<int> inner{0}, elsewhere{0}, concurrent{0};
  parallel_for(8, [&](std::int64_t) {
    const auto here = std::this_thread::get_id();
    if (concurrency() != 1) ++concurrent;
    parallel_for(8, [&](std::int64_t) {
      ++inner;
      if (std::this_thread::get_id() != here) ++elsewhere;
    });
  });
  CHECK(inner == 64);
  CHECK(elsewhere == 0);
  CHECK(concurrent == 0);
  CHECK(concurrency() == 4);
}

TEST_CASE("A pool may serve several callers at once; whoever finds it busy works alone") {
  ThreadPool pool(2);
  std::atomic<std::int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      const UseExecutor use(pool);
      for (int round = 0; round < 200; ++round) parallel_for(10, [&](std::int64_t i) { sum += i; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(sum == 4 * 200 * 45);
}

TEST_CASE("UseExecutor ends with its scope and concerns its thread only") {
  ThreadPool outer(2), inner(3);
  const UseExecutor use_outer(outer);
  {
    const UseExecutor use_inner(inner);
    CHECK(concurrency() == 3);
    std::thread([] { CHECK(concurrency() == 1); }).join();
  }
  CHECK(concurrency() == 2);
}

TEST_CASE("An application may bring its own executor") {
  struct Backwards final : Executor {
    int runs = 0;
    int concurrency() const override { return 2; }
    void run(std::int64_t count, void (*task)(void*, std::int64_t), void* context) override {
      ++runs;
      for (std::int64_t i = count; i-- > 0;) task(context, i);
    }
  } executor;
  const UseExecutor use(executor);
  std::vector<std::int64_t> order;
  parallel_for(3, [&](std::int64_t i) { order.push_back(i); });
  CHECK(order == std::vector<std::int64_t>{2, 1, 0});
  CHECK(executor.runs == 1);
  CHECK_THROWS_WITH(parallel_for(9,
                                 [](std::int64_t i) {
                                   if (i >= 4) throw std::runtime_error(std::to_string(i));
                                 }),
                    "4");
}

namespace {

/// Runs every task on a thread of its own.
struct ThreadPerTask final : Executor {
  std::atomic<int> runs{0};
  int concurrency() const override { return 2; }
  void run(std::int64_t count, void (*task)(void*, std::int64_t), void* context) override {
    ++runs;
    std::vector<std::thread> threads;
    for (std::int64_t i = 0; i < count; ++i) threads.emplace_back([=] { task(context, i); });
    for (std::thread& thread : threads) thread.join();
  }
};

}  // namespace

TEST_CASE("An exception of a higher index does not replace one of a lower index, although it comes later") {
  ThreadPerTask executor;
  const UseExecutor use(executor);
  std::atomic<bool> started{false};
  CHECK_THROWS_WITH(parallel_for(2,
                                 [&](std::int64_t i) {
                                   if (i == 1) {
                                     started = true;
                                     std::this_thread::sleep_for(std::chrono::milliseconds(50));
                                   }
                                   while (!started) std::this_thread::yield();
                                   throw std::runtime_error(std::to_string(i));
                                 }),
                    "0");
}

TEST_CASE("A nested loop never reaches the executor, even on the caller's own thread") {
  struct Inline final : Executor {
    int runs = 0;
    int concurrency() const override { return 2; }
    void run(std::int64_t count, void (*task)(void*, std::int64_t), void* context) override {
      ++runs;
      for (std::int64_t i = 0; i < count; ++i) task(context, i);
    }
  } executor;
  const UseExecutor use(executor);
  int inner = 0;
  parallel_for(3, [&](std::int64_t) { parallel_for(3, [&](std::int64_t) { ++inner; }); });
  CHECK(inner == 9);
  CHECK(executor.runs == 1);
}

TEST_CASE("Tasks see the caller's gradient mode") {
  ThreadPerTask executor;
  const UseExecutor use(executor);
  std::atomic<int> enabled{0};
  {
    const NoGrad no_grad;
    parallel_for(16, [&](std::int64_t) { enabled += is_grad_enabled(); });
  }
  CHECK(enabled == 0);
  parallel_for(16, [&](std::int64_t) { enabled += is_grad_enabled(); });
  CHECK(enabled == 16);
}

TEST_CASE("A pool of no threads is an error") {
  CHECK_THROWS_AS(ThreadPool(0), ValueError);
  CHECK_THROWS_AS(ThreadPool(-1), ValueError);
}
