#include <cairn/train/data_loader.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include <cairn/io/load.h>
#include <cairn/io/save.h>

#include "catch.h"
#include "devices.h"

using namespace cairn;
using Catch::Matchers::Contains;
using Labels = std::vector<std::int64_t>;

namespace {

train::TensorDataset numbered(std::int64_t count) { return {zeros({count, 3}), arange(count)}; }

Labels labels(const train::Batch& batch) { return numbers<std::int64_t>(batch.targets); }

/// The labels of the next `count` batches, with {-1} for the end of an epoch.
std::vector<Labels> next(train::DataLoader& loader, int count) {
  std::vector<Labels> all;
  for (int i = 0; i < count; ++i) {
    const std::optional<train::Batch> batch = loader.next();
    all.push_back(batch ? labels(*batch) : Labels{-1});
  }
  return all;
}

}  // namespace

TEST_CASE("without shuffling examples come in order") {
  const train::TensorDataset dataset = numbered(5);
  train::DataLoader loader(dataset, {.batch_size = 2});
  CHECK(loader.size() == 3);
  CHECK(next(loader, 5) == std::vector<Labels>{{0, 1}, {2, 3}, {4}, {-1}, {0, 1}});
  CHECK(loader.epoch() == 1);
  CHECK(loader.step() == 1);
}

TEST_CASE("drop_last leaves out a batch that is not full") {
  const train::TensorDataset dataset = numbered(5);
  train::DataLoader loader(dataset, {.batch_size = 2, .drop_last = true});
  CHECK(loader.size() == 2);
  CHECK(next(loader, 4) == std::vector<Labels>{{0, 1}, {2, 3}, {-1}, {0, 1}});
}

TEST_CASE("shuffling is the generator's randperm, anew for every epoch") {
  const train::TensorDataset dataset = numbered(7);
  train::DataLoader loader(dataset, {.batch_size = 7, .shuffle = true, .generator = Generator(3)});
  Generator same(3);
  for (int epoch = 0; epoch < 3; ++epoch) {
    const Tensor order = randperm(7, same);
    const auto expected = order.data<std::int64_t>();
    CHECK(labels(*loader.next()) == Labels(expected.begin(), expected.end()));
    CHECK_FALSE(loader.next());
  }
}

TEST_CASE("every example comes once an epoch") {
  const train::TensorDataset dataset = numbered(103);
  train::DataLoader loader(dataset, {.batch_size = 10, .shuffle = true, .generator = Generator(1)});
  Labels seen;
  while (const auto batch = loader.next()) std::ranges::copy(labels(*batch), std::back_inserter(seen));
  CHECK_FALSE(std::ranges::is_sorted(seen));
  std::ranges::sort(seen);
  Labels all(103);
  std::iota(all.begin(), all.end(), 0);
  CHECK(seen == all);
}

TEST_CASE("from every position the same batches follow, also through a file") {
  const train::TensorDataset dataset = numbered(11);
  const bool shuffle = GENERATE(true, false);
  const int position = GENERATE(range(0, 12));  // three batches and an end an epoch
  const train::DataLoaderOptions options = {.batch_size = 4, .shuffle = shuffle};

  train::DataLoaderOptions first = options, second = options;
  first.generator = Generator(5);
  second.generator = Generator(99);
  train::DataLoader unbroken(dataset, first), resumed(dataset, second);
  next(unbroken, position);
  next(resumed, position % 3);  // wherever it was before
  const Bytes saved = io::save_to_memory(unbroken.state());
  const std::vector<Labels> expected = next(unbroken, 9);

  resumed.plan_load(io::open_memory(saved.data)).commit();
  CHECK(next(resumed, 9) == expected);
  CHECK(resumed.epoch() == unbroken.epoch());
  CHECK(to_string(resumed.state()) == to_string(unbroken.state()));
}

TEST_CASE("a state that does not fit is refused with every fault, and changes nothing") {
  const train::TensorDataset dataset = numbered(11), other = numbered(12);
  train::DataLoader loader(dataset, {.batch_size = 4, .shuffle = true, .generator = Generator(5)});
  train::DataLoader wrong(other, {.batch_size = 3, .shuffle = true, .generator = Generator(5)});
  next(loader, 2);
  const std::string before = to_string(loader.state());
  CHECK_THROWS_WITH(loader.plan_load(wrong.state()),
                    Contains("the number of examples is 11 here, but 12 in the saved state") &&
                        Contains("batch_size is 4 here, but 3 in the saved state"));
  Value bad_step = loader.state(), bad_generator = loader.state();
  bad_step["step"] = 4;
  bad_generator["order"] = zeros({5056}, {.dtype = DType::uint8});
  CHECK_THROWS_WITH(loader.plan_load(bad_step), Contains("step 4, but an epoch has 3 steps"));
  CHECK_THROWS_AS(loader.plan_load(bad_generator), StateDictError);
  CHECK_THROWS_AS(loader.plan_load(Value(3)), Error);
  CHECK(to_string(loader.state()) == before);
}

TEST_CASE("a plan changes nothing until it is committed") {
  const train::TensorDataset dataset = numbered(11);
  train::DataLoader loader(dataset, {.batch_size = 4, .shuffle = true, .generator = Generator(5)});
  train::DataLoader ahead(dataset, {.batch_size = 4, .shuffle = true, .generator = Generator(6)});
  next(ahead, 6);
  const std::string before = to_string(loader.state());
  LoadPlan plan = loader.plan_load(ahead.state());
  CHECK(to_string(loader.state()) == before);
  plan.commit();
  CHECK(to_string(loader.state()) == to_string(ahead.state()));
}

TEST_CASE("batches go to the device asked for", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const train::TensorDataset dataset = numbered(3);
  train::DataLoader loader(dataset, {.batch_size = 2, .device = device});
  const auto batch = loader.next();
  CHECK(batch->inputs.device() == device);
  CHECK(labels(*batch) == Labels{0, 1});
}

TEST_CASE("a batch that its device has no room for is given by the next call that it has room in", "[device]") {
  const Device device = GENERATE(from_range(devices()));
  const std::int64_t prefetch = GENERATE(0, 1, 3);
  CAPTURE(device, prefetch);
  const train::TensorDataset dataset = numbered(7);
  train::DataLoader loader(dataset, {.batch_size = 2, .device = device, .prefetch = prefetch});
  CHECK(next(loader, 1) == std::vector<Labels>{{0, 1}});
  set_memory_limit(device, 1);
  for (int i = 0; i < 2; ++i) CHECK_THROWS_AS(loader.next(), DeviceError);
  set_memory_limit(device, 0);
  CHECK(loader.step() == 1);
  REQUIRE(next(loader, 1) == std::vector<Labels>{{2, 3}});  // else the last would be waited for without end
  CHECK(next(loader, 3) == std::vector<Labels>{{4, 5}, {6}, {-1}});
}

TEST_CASE("a loader of nothing has epochs without batches") {
  const train::TensorDataset none;
  train::DataLoader loader(none, {.batch_size = 2, .shuffle = true, .generator = Generator(1)});
  CHECK(loader.size() == 0);
  CHECK_FALSE(loader.next());
  CHECK(loader.epoch() == 1);
  CHECK_THROWS_AS(train::DataLoader(none, {.batch_size = 0}), ValueError);
}

namespace {

/// Has no example of the numbers from `broken` on.
struct BrokenDataset : train::TensorDataset {
  mutable std::int64_t broken = 5;
  using train::TensorDataset::TensorDataset;
  train::Batch batch(std::span<const std::int64_t> indices) const override {
    check<IoError>(indices.front() < broken, "the disk is gone");
    return TensorDataset::batch(indices);
  }
};

}  // namespace

TEST_CASE("batches made ahead come in order, and what goes wrong comes with its batch") {
  const BrokenDataset dataset(zeros({9, 1}), arange(9));
  train::DataLoader loader(dataset, {.batch_size = 2, .prefetch = 4});
  CHECK(next(loader, 3) == std::vector<Labels>{{0, 1}, {2, 3}, {4, 5}});
  CHECK_THROWS_WITH(loader.next(), Contains("the disk is gone"));
  CHECK(loader.step() == 3);
  dataset.broken = 100;  // mended: the next call tries again
  CHECK(next(loader, 3) == std::vector<Labels>{{6, 7}, {8}, {-1}});
  CHECK(next(loader, 1) == std::vector<Labels>{{0, 1}});  // a loader may go while batches are made
  CHECK_THROWS_AS(train::DataLoader(dataset, {.prefetch = -1}), ValueError);
}
