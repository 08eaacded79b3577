// Training in a steady state: once warm, a step takes nothing from the system, and forgetting takes nothing back.
//
// This program's malloc counts its calls. A training step is run until the free lists hold all it needs; from then on
// the count must stand still. And a million forward passes, whose graphs nobody runs backward, must leave the memory as
// it was. On a device its own memory is counted instead.
#include <cairn/cairn.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <new>

#include "catch.h"
#include "devices.h"
#include "watched_malloc.h"

using namespace cairn;

namespace {

struct Mlp : nn::Module {
  explicit Mlp(std::int64_t inputs = 3, std::int64_t hidden = 5, std::int64_t outputs = 2)
      : fc1{this, "fc1", inputs, hidden}, norm{this, "norm", hidden}, fc2{this, "fc2", hidden, outputs} {}
  Tensor forward(const Tensor& x) override { return fc2(relu(norm(fc1(x)))); }

  nn::Child<nn::Linear> fc1;
  nn::Child<nn::BatchNorm1d> norm;
  nn::Child<nn::Linear> fc2;
};

struct Sizes {
  std::int64_t inputs, hidden, outputs, batch;
};

template <class Optimizer>
void train_steps(Mlp& model, Optimizer& optimizer, const Tensor& x, const Tensor& target, int steps) {
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    cross_entropy(model(x), target).backward();
    optimizer.step();
  }
}

std::int64_t resident_bytes() {
  std::int64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace

TEST_CASE("the count sees what it should: malloc, new, aligned new") {
  const auto size =
      static_cast<std::size_t>(getpid());  // which a compiler cannot know, so it cannot leave these pairs out
  void* volatile memory = nullptr;         // so that the call is made
  CHECK(allocations_during([&] { memory = std::malloc(size); }) == 1);
  std::free(memory);
  CHECK(allocations_during([&] { ::operator delete(::operator new(size)); }) == 1);
  CHECK(allocations_during(
            [&] { ::operator delete(::operator new(size, std::align_val_t(64)), std::align_val_t(64)); }) == 1);
}

TEMPLATE_TEST_CASE("a training step takes no memory from the system once it is warm", "", optim::SGD, optim::Adam) {
  const Sizes sizes = GENERATE(Sizes{3, 5, 2, 4}, Sizes{64, 32, 10, 32});
  CAPTURE(sizes.inputs, sizes.batch);
  manual_seed(0);
  Mlp model(sizes.inputs, sizes.hidden, sizes.outputs);
  auto optimizer = [&] {
    if constexpr (std::is_same_v<TestType, optim::SGD>)
      return optim::SGD(model.parameters(), {.lr = 1e-3, .momentum = 0.9});
    else
      return optim::Adam(model.parameters(), {.lr = 1e-3});
  }();
  const Tensor x = rand({sizes.batch, sizes.inputs}), target = zeros({sizes.batch}, {.dtype = DType::int64});
  train_steps(model, optimizer, x, target, 20);
  CHECK(allocations_during([&] { train_steps(model, optimizer, x, target, 500); }) == 0);
}

TEST_CASE("a row through a trained model takes no memory from the system once it is warm") {
  Mlp model;
  model.eval();
  NoGrad no_grad;
  const Tensor row = rand({1, 3});
  const auto infer = [&](int times) {
    for (int i = 0; i < times; ++i) model(row);
  };
  infer(20);
  CHECK(allocations_during([&] { infer(500); }) == 0);
}

TEST_CASE("a million forward passes without backward leave the memory as it was") {
  Mlp model;
  const Tensor x = rand({4, 3});
  const auto forward = [&](int times) {
    Tensor y;
    for (int i = 0; i < times; ++i) y = model(x);
    CHECK(y.requires_grad());  // so a graph was built, every time
  };
  forward(10'000);
  const std::int64_t before = resident_bytes();
  forward(1'000'000);
  CHECK(resident_bytes() - before < 256 * 1024);
}

TEST_CASE("training on a device takes no more of its memory than the first steps did", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    Mlp model(64, 32, 10);
    model.to(device);
    optim::Adam adam(model.parameters(), {.lr = 1e-3});
    const Tensor x = rand({32, 64}).to(device), target = zeros({32}, {.dtype = DType::int64, .device = device});
    const auto statistics_after = [&](int steps) {
      synchronize(device);
      reset_peak_memory(device);
      for (int step = 0; step < steps; ++step) {
        train_steps(model, adam, x, target, 1);
        synchronize(device);  // what was released is given back in the order of the work
      }
      adam.zero_grad();
      synchronize(device);
      return memory_statistics(device);
    };
    statistics_after(3);
    const MemoryStatistics few = statistics_after(3), many = statistics_after(50);
    CHECK(many.used == few.used);
    // How soon a step's own memory comes back is a matter of time; that of many steps would be much more.
    CHECK(many.peak < 3 * few.peak);
    CHECK(many.reserved < 3 * few.reserved);
  }
}
