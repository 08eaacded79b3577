#include "execution.h"

#include <memory>
#include <vector>

#include "fiber.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulation {
namespace {

struct Place {
  const char* file = nullptr;
  int line = 0;
};

/// Runs threads of the block; is at a barrier, or has nothing to do, when it is left.
struct Worker {
  explicit Worker(void (*work)()) : fiber(work) {}
  Fiber fiber;
  uint3 thread = {};
  bool waits = false;
  Place place;
};

struct Block {
  const std::function<void()>* thread = nullptr;
  unsigned threads = 0, started = 0, finished = 0;
  bool reversed = false;
};

Block block;
Worker* running = nullptr;

uint3 place_of(unsigned number) {
  if (blockDim.y == 1 && blockDim.z == 1) return {number, 0, 0};
  return {number % blockDim.x, number / blockDim.x % blockDim.y, number / blockDim.x / blockDim.y};
}

/// A fiber's life: the threads that have not started yet, for as long as there are blocks.
void work() {
  Worker& self = *running;
  self.fiber.arrived();
  while (true) {
    while (block.started < block.threads) {
      const unsigned number = block.started++;
      threadIdx = self.thread = place_of(block.reversed ? block.threads - 1 - number : number);
      (*block.thread)();
      ++block.finished;
    }
    self.fiber.leave();
  }
}

void resume(Worker& worker) {
  running = &worker;
  worker.waits = false;
  threadIdx = worker.thread;
  worker.fiber.enter();
}

/// As many as ever waited at once, for as long as the process.
std::vector<std::unique_ptr<Worker>>& workers() {
  static auto* const all = new std::vector<std::unique_ptr<Worker>>;
  return *all;
}

std::string text_of(const Place& place) { return std::string(place.file) + ":" + std::to_string(place.line); }

/// What is wrong with the barrier at which some of the first `count` workers wait, or "".
std::string barrier_fault(std::size_t count) {
  const std::unique_ptr<Worker>* const all = workers().data();
  const Place* first = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    const Worker& worker = *all[i];
    if (!worker.waits) continue;
    if (!first) first = &worker.place;
    if (worker.place.file != first->file || worker.place.line != first->line)
      return "threads of one block wait at different barriers: " + text_of(*first) + " and " + text_of(worker.place);
  }
  if (block.finished == 0) return "";
  return "the barrier at " + text_of(*first) + " was not reached by " + std::to_string(block.finished) + " of " +
         std::to_string(block.threads) + " threads";
}

std::string run_block() {
  block.started = block.finished = 0;
  std::size_t waiting = 0;  // so many workers, from the first, are at a barrier
  while (block.started < block.threads) {
    if (workers().size() == waiting) workers().push_back(std::make_unique<Worker>(work));
    Worker& worker = *workers()[waiting];
    resume(worker);
    waiting += worker.waits;
  }
  while (waiting > 0) {
    if (std::string fault = barrier_fault(waiting); !fault.empty()) {
      workers().clear();  // some would wait for ever
      return fault;
    }
    bool any = false;
    for (std::unique_ptr<Worker>*worker = workers().data(), *end = worker + waiting; worker != end; ++worker) {
      resume(**worker);
      any = any || (*worker)->waits;
    }
    if (!any) waiting = 0;
  }
  return "";
}

}  // namespace

void barrier(const char* file, int line) {
  Worker& self = *running;
  self.waits = true;
  self.place = {file, line};
  self.fiber.leave();
}

std::string run_grid(dim3 grid, dim3 threads, const std::function<void()>& thread) {
  gridDim = grid;
  blockDim = threads;
  block.thread = &thread;
  block.threads = threads.x * threads.y * threads.z;
  for (unsigned z = grid.z; z-- > 0;)
    for (unsigned y = grid.y; y-- > 0;)
      for (unsigned x = grid.x; x-- > 0;) {
        blockIdx = {x, y, z};
        block.reversed = x % 2 != 0;
        if (std::string fault = run_block(); !fault.empty()) return fault;
      }
  return "";
}

}  // namespace emulation
