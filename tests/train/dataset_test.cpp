#include <cairn/train/dataset.h>

#include <vector>

#include "catch.h"
#include "devices.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

train::TensorDataset counted() { return {arange(12).to(DType::float32).view({6, 2}), arange(6)}; }

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto data = tensor.data<T>();
  return {data.begin(), data.end()};
}

}  // namespace

TEST_CASE("a batch holds the examples asked for, in the order asked for") {
  const std::vector<std::int64_t> wanted = {4, 0, 4};
  const train::Batch batch = counted().batch(wanted);
  CHECK(batch.inputs.shape() == Shape{3, 2});
  CHECK(values<float>(batch.inputs) == std::vector<float>{8, 9, 0, 1, 8, 9});
  CHECK(values<std::int64_t>(batch.targets) == std::vector<std::int64_t>{4, 0, 4});
}

TEST_CASE("a batch is a copy") {
  const train::TensorDataset dataset = counted();
  const std::vector<std::int64_t> wanted = {1};
  dataset.batch(wanted).inputs.fill_(7);
  CHECK(dataset.inputs().data<float>()[2] == 2.0f);
}

TEST_CASE("an example that is not there is an error") {
  const std::vector<std::int64_t> beyond = {0, 6}, below = {-1};
  CHECK_THROWS_WITH(counted().batch(beyond),
                    "TensorDataset: example 6 was asked for, but there are 6, numbered from 0");
  CHECK_THROWS_AS(counted().batch(below), IndexError);
  CHECK_THROWS_AS(train::TensorDataset().batch(std::vector<std::int64_t>{0}), IndexError);
}

TEST_CASE("inputs and targets must agree") {
  CHECK_THROWS_AS(train::TensorDataset(zeros({3, 2}), zeros({2})), ShapeError);
  CHECK_THROWS_WITH(train::TensorDataset(zeros({3, 2}), zeros({})), Contains("[3, 2]") && Contains("[]"));
}

TEST_CASE("a data set lies on the CPU", "[device]") {
  for (const Device device : devices())
    CHECK_THROWS_AS(train::TensorDataset(zeros({3, 2}, {.device = device}), zeros({3})), DeviceError);
}

TEST_CASE("a part is a view of the same examples") {
  const train::TensorDataset dataset = counted();
  const train::TensorDataset part = dataset.narrow(2, 3);
  CHECK(part.size() == 3);
  CHECK(part.inputs().shares_storage(dataset.inputs()));
  CHECK(values<std::int64_t>(part.targets()) == std::vector<std::int64_t>{2, 3, 4});
  CHECK(values<float>(part.batch(std::vector<std::int64_t>{2}).inputs) == std::vector<float>{8, 9});
  CHECK_THROWS_AS(dataset.narrow(4, 3), IndexError);
  CHECK_THROWS_AS(dataset.narrow(-1, 1), IndexError);
}

TEST_CASE("a split gives the first examples to training and the others to the test") {
  const auto [train, test] = train::split(counted(), 4);
  CHECK(train.size() == 4);
  CHECK(values<std::int64_t>(test.targets()) == std::vector<std::int64_t>{4, 5});
  CHECK_THROWS_AS(train::split(counted(), 7), IndexError);
}

TEST_CASE("no examples are a dataset, too") {
  const train::TensorDataset none;
  CHECK(none.size() == 0);
  CHECK(none.batch({}).inputs.numel() == 0);
  CHECK(none.narrow(0, 0).size() == 0);
}
