// Load plans: all or nothing up to `staging`, verified first and then filled in place beyond.
#include <cairn/core/stateful.h>

#include "catch.h"

#include <algorithm>

#include <cairn/core/autograd.h>
#include <cairn/core/print.h>
#include <cairn/core/state_dict.h>

#include "devices.h"
#include "memory_source.h"

using namespace cairn;
using cairn::testing::MemorySource;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t everything = UINT64_MAX;

/// Three targets of zeros on a device and a plan that fills them with 1, 2 and 3 from a source on the CPU.
struct Case {
  Reference<MemorySource> source = MemorySource::make();
  std::vector<Tensor> targets;
  LoadPlan plan;

  explicit Case(Device device = {}) {
    for (int i = 0; i < 3; ++i) {
      targets.push_back(zeros({4}, {.device = device}));
      plan.transfer("t" + std::to_string(i), source->add(full({4}, i + 1.0)), targets.back());
    }
  }

  std::string numbers() const {
    std::string all;
    for (const Tensor& target : targets) all += std::to_string(static_cast<int>(target.select(0, 0).item()));
    return all;
  }
};

}  // namespace

TEST_CASE("A commit fills every target in place and bumps its version", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (std::uint64_t staging : {everything, std::uint64_t{0}}) {
    CAPTURE(staging);
    Case one(device);
    const std::uint64_t before = one.targets[0].version();
    const LoadReport report = one.plan.commit({.staging = staging});
    CHECK(one.numbers() == "123");
    CHECK(one.targets[0].version() > before);
    CHECK(one.source->batches == 1);
    CHECK(one.source->verified == (staging == 0 ? 3 : 0));
    CHECK(to_string(report) == "<All keys matched successfully>");
  }
}

TEST_CASE("Staged, a fault leaves everything as it was", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Case one(device);
  one.source->fail_read_at = 1;
  CHECK_THROWS_AS(one.plan.commit({.staging = everything}), IoError);
  CHECK(one.numbers() == "000");
  one.source->fail_read_at = -1;
  one.plan.commit({.staging = everything});
  CHECK(one.numbers() == "123");
}

TEST_CASE("Staging counts decoded bytes: exactly enough is atomic, one byte less is not", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Case enough(device), less(device);
  enough.source->fail_read_at = less.source->fail_read_at = 2;
  CHECK_THROWS_AS(enough.plan.commit({.staging = 48}), IoError);
  CHECK(enough.numbers() == "000");
  CHECK_THROWS_AS(less.plan.commit({.staging = 47}), PartialLoadError);
}

TEST_CASE("Streaming, everything is verified before the first number changes", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Case one(device);
  one.source->fail_verify_at = 2;
  CHECK_THROWS_AS(one.plan.commit({.staging = 0}), FormatError);
  CHECK(one.numbers() == "000");
  CHECK(one.source->batches == 0);
}

TEST_CASE("A fault during the fill names every tensor already overwritten", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Case one(device);
  const Tensor in_memory = zeros({2}, {.device = device});
  one.plan.transfer("memory", full({2}, 8.0), in_memory);
  one.source->fail_read_at = 1;
  try {
    one.plan.commit({.staging = 0});
    FAIL("did not throw");
  } catch (const PartialLoadError& error) {
    CHECK(error.overwritten == std::vector<std::string>{"t0", "t1", "memory"});
    CHECK(error.message() ==
          "load: 3 of 4 tensors had been overwritten when it failed: t0, t1, memory. The failure: the disk is gone");
  }
  CHECK(one.numbers() == "120");
  CHECK_THROWS_AS(one.plan.commit(), ValueError);
}

TEST_CASE("Cancelling before the fill changes nothing; during it, it is a partial load") {
  Case staged;
  CHECK_THROWS_AS(staged.plan.commit({.progress = [](std::uint64_t, std::uint64_t) { return false; }}), Cancelled);
  CHECK(staged.numbers() == "000");

  Case streamed;
  int calls = 0;
  CHECK_THROWS_AS(
      streamed.plan.commit({.staging = 0, .progress = [&](std::uint64_t, std::uint64_t) { return ++calls < 5; }}),
      PartialLoadError);
  CHECK(streamed.numbers()[0] == '1');
}

TEST_CASE("Progress grows to the total over all sources and passes") {
  for (std::uint64_t staging : {everything, std::uint64_t{0}}) {
    CAPTURE(staging);
    Case first, second;
    first.plan.append(std::move(second.plan));
    std::vector<std::uint64_t> seen;
    std::uint64_t total = 0;
    first.plan.commit({.staging = staging, .progress = [&](std::uint64_t done, std::uint64_t all) {
                         seen.push_back(done);
                         total = all;
                         return true;
                       }});
    CHECK(total == (staging == 0 ? 192 : 96));
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(seen.back() == total);
  }
}

TEST_CASE("Joined plans commit together: a fault in one leaves the other's targets alone", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Case first(device), second;
  second.source->fail_read_at = 0;
  bool assigned = false;
  first.plan.then([&] { assigned = true; });
  first.plan.append(std::move(second.plan));
  CHECK(first.plan.transfers().size() == 6);
  CHECK_THROWS_AS(first.plan.commit(), IoError);
  CHECK(first.numbers() == "000");
  CHECK(!assigned);
}

TEST_CASE("Assignments run after the numbers are in place, in order", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Case one(device);
  std::string log;
  one.plan.then([&] { log += one.numbers(); });
  one.plan.then([&] { log += "!"; });
  one.plan.commit();
  CHECK(log == "123!");
}

TEST_CASE("An assignment that throws is a partial load, after the others have run") {
  Case one;
  bool second = false;
  one.plan.then([] { throw std::runtime_error("no"); });
  one.plan.then([&] { second = true; });
  CHECK_THROWS_AS(one.plan.commit(), PartialLoadError);
  CHECK(second);
  CHECK(one.numbers() == "123");
}

TEST_CASE("Of tied targets the last one wins; the others are verified and reported", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (std::uint64_t staging : {everything, std::uint64_t{0}}) {
    CAPTURE(staging);
    const auto source = MemorySource::make();
    const Tensor target = zeros({2, 2}, {.device = device});
    LoadPlan plan;
    plan.transfer("a.weight", source->add(full({2, 2}, 1.0)), target);
    plan.transfer("b.weight", source->add(full({2, 2}, 2.0)), target.detach());
    const LoadReport report = plan.commit({.staging = staging});
    CHECK(numbers<float>(target) == std::vector<float>(4, 2));
    CHECK(report.ties == std::vector<std::string>{"a.weight"});
    CHECK(source->verified == (staging == 0 ? 2 : 1));
    CHECK(source->read_order == std::vector<std::uint64_t>{1});
  }
}

TEST_CASE("A damaged tensor is noticed although another one overwrites it") {
  const auto source = MemorySource::make();
  const Tensor target = zeros({2});
  LoadPlan plan;
  plan.transfer("a", source->add(full({2}, 1.0)), target);
  plan.transfer("b", source->add(full({2}, 2.0)), target);
  source->fail_verify_at = 0;
  CHECK_THROWS_AS(plan.commit(), FormatError);
  CHECK(target.select(0, 0).item() == 0);
}

TEST_CASE("Views that overlap in part end as if copied one after the other", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (std::uint64_t staging : {everything, std::uint64_t{0}}) {
    for (const bool deferred : {true, false}) {
      CAPTURE(staging, deferred);
      const auto source = MemorySource::make();
      const Tensor whole = zeros({6}, {.device = device}), expected = zeros({6});
      const auto from = [&](double value, std::int64_t size) {
        return deferred ? source->add(full({size}, value)) : full({size}, value);
      };
      struct Row {
        std::int64_t start, size;
        double value;
      };
      const Row rows[] = {{0, 6, 1}, {1, 3, 2}, {2, 1, 3}, {4, 2, 4}};
      LoadPlan plan;
      for (const Row& row : rows) {
        plan.transfer("v" + std::to_string(row.start), from(row.value, row.size), whole.narrow(0, row.start, row.size));
        expected.narrow(0, row.start, row.size).fill_(row.value);
      }
      const LoadReport report = plan.commit({.staging = staging});
      CHECK(numbers<float>(whole) == numbers<float>(expected));
      CHECK(report.ties == std::vector<std::string>{"v0", "v1"});
    }
  }
}

TEST_CASE("Views that interleave without sharing a number are no ties", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const auto source = MemorySource::make();
  const Tensor matrix = zeros({3, 2}, {.device = device});
  LoadPlan plan;
  plan.transfer("left", source->add(full({3}, 1.0)), matrix.select(1, 0));
  plan.transfer("right", source->add(full({3}, 2.0)), matrix.select(1, 1));
  const LoadReport report = plan.commit({.staging = 0});
  CHECK(numbers<float>(matrix) == std::vector<float>{1, 2, 1, 2, 1, 2});
  CHECK(report.ties.empty());
  CHECK(source->batches == 1);
}

TEST_CASE("A source that lies in a target is read before the target is written", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor a = full({3}, 1.0, {.device = device}), b = full({3}, 2.0, {.device = device});
  LoadPlan swap;
  swap.transfer("a", b, a);
  swap.transfer("b", a, b);
  swap.commit();
  CHECK(numbers<float>(a) == std::vector<float>{2, 2, 2});
  CHECK(numbers<float>(b) == std::vector<float>{1, 1, 1});

  const Tensor row = arange(5, {.dtype = DType::float32, .device = device});
  LoadPlan shift;
  shift.transfer("shift", row.narrow(0, 0, 4), row.narrow(0, 1, 4));
  shift.commit();
  CHECK(numbers<float>(row) == std::vector<float>{0, 0, 1, 2, 3});
}

TEST_CASE("A source is read before any other transfer writes where it lies, at either end of it", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor a = arange(6).to(device), before = zeros({4}, {.dtype = DType::int64, .device = device}),
               behind = zeros({4}, {.dtype = DType::int64});
  LoadPlan plan;
  plan.transfer("middle", full({2}, 9, {.dtype = DType::int64}), a.narrow(0, 2, 2));
  plan.transfer("before", a.narrow(0, 0, 4), before);
  plan.transfer("behind", a.narrow(0, 2, 4), behind);
  plan.commit();
  CHECK(numbers<float>(a) == std::vector<float>{0, 1, 9, 9, 4, 5});
  CHECK(numbers<float>(before) == std::vector<float>{0, 1, 2, 3});
  CHECK(to_string(behind) == "tensor([2, 3, 4, 5])");
}

TEST_CASE("dtypes convert as copy_ does, and every conversion is in the report", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const auto source = MemorySource::make();
  const Tensor whole = zeros({2}, {.dtype = DType::int64, .device = device}), same = zeros({2}, {.device = device});
  LoadPlan plan;
  plan.transfer("steps", source->add(tensor({1.9f, -1.9f})), whole);
  plan.transfer("same", source->add(tensor({1.9f, -1.9f})), same);
  plan.transfer("memory", tensor({2.5}), zeros({1}, {.device = device}));
  const LoadReport report = plan.commit();
  CHECK(numbers<std::int64_t>(whole) == std::vector<std::int64_t>{1, -1});
  CHECK(report.conversions == std::vector<std::string>{"steps: float32 -> int64", "memory: float64 -> float32"});
}

TEST_CASE("Targets of any strides are filled; parameters that require gradients as well", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (std::uint64_t staging : {everything, std::uint64_t{0}}) {
    const auto source = MemorySource::make();
    const Tensor target = zeros({3, 2}, {.device = device});
    Tensor parameter = zeros({2}, {.device = device});
    parameter.requires_grad_();
    LoadPlan plan;
    plan.transfer("transposed", source->add(arange(6, {.dtype = DType::float32}).view({2, 3})), target.t());
    plan.transfer("parameter", source->add(ones({2})), parameter);
    plan.commit({.staging = staging});
    CHECK(numbers<float>(target) == std::vector<float>{0, 3, 1, 4, 2, 5});
    CHECK(numbers<float>(parameter) == std::vector<float>{1, 1});
    CHECK(parameter.requires_grad());
    CHECK(parameter.is_leaf());
  }
}

TEST_CASE("A meta target stays as it is, an empty one needs nothing", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const auto source = MemorySource::make();
  LoadPlan plan;
  plan.transfer("meta", source->add(ones({2})), zeros({2}, {.device = "meta"}));
  plan.transfer("empty", source->add(ones({0})), zeros({0}, {.device = device}));
  CHECK_NOTHROW(plan.commit());
}

TEST_CASE("What cannot be moved is refused when it is planned") {
  const auto source = MemorySource::make();
  LoadPlan plan;
  CHECK_THROWS_AS(plan.transfer("w", ones({2}), ones({3})), ShapeError);
  CHECK_THROWS_WITH(plan.transfer("w", ones({2}), ones({3})),
                    "transfer of 'w': a source of shape [2] does not fit a target of shape [3]");
  CHECK_THROWS_AS(plan.transfer("w", Tensor(), ones({3})), ValueError);
  CHECK_THROWS_AS(plan.transfer("w", ones({3}), source->add(ones({3}))), ValueError);
  CHECK_THROWS_WITH(plan.transfer("w", ones({3}, {.device = "meta"}), ones({3})),
                    "Cannot copy out of meta tensor; no data!");
  CHECK(plan.transfers().empty());
}

TEST_CASE("One plan fills targets on several devices, also from numbers on another", "[device]") {
  for (const Device device : devices()) {
    for (const std::uint64_t staging : {everything, std::uint64_t{0}}) {
      CAPTURE(device, staging);
      const auto source = MemorySource::make();
      const Tensor here = zeros({3}), there = zeros({3}, {.device = device}),
                   far = zeros({3}, {.dtype = DType::float64, .device = another_device(device)});
      LoadPlan plan;
      plan.transfer("here", source->add(full({3}, 1.0, {.device = device})), here);
      plan.transfer("there", source->add(full({3}, 2.0)), there);
      plan.transfer("far", full({3}, 3.0, {.device = device}), far);
      plan.commit({.staging = staging});
      CHECK(numbers<float>(here) == std::vector<float>{1, 1, 1});
      CHECK(numbers<float>(there) == std::vector<float>{2, 2, 2});
      CHECK(numbers<float>(far) == std::vector<float>{3, 3, 3});
    }
  }
}

TEST_CASE("A plan is carried out once") {
  Case one;
  one.plan.commit();
  CHECK_THROWS_AS(one.plan.commit(), ValueError);
}

TEST_CASE("Reports print as PyTorch's result and join") {
  LoadReport report;
  CHECK(to_string(report) == "<All keys matched successfully>");
  LoadReport other;
  other.missing_keys = {"fc2.weight"};
  other.unexpected_keys = {"fc1234.weight", "it's"};
  other.warnings = {"w"};
  report.append(std::move(other));
  CHECK(to_string(report) ==
        "_IncompatibleKeys(missing_keys=['fc2.weight'], unexpected_keys=['fc1234.weight', \"it's\"])");
  CHECK(report.warnings.size() == 1);
}
