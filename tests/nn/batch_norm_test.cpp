#include <cairn/nn/batch_norm.h>

#include <cmath>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("in training a batch gets mean 0 and variance 1, and the running statistics follow", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::BatchNorm1d bn(1, {.device = device});
  const Tensor y = bn(tensor({1.0f, 3.0f}).to(device).view({2, 1}));
  CHECK(models::values(y)[0] == Approx(-1).epsilon(1e-4));
  CHECK(models::values(y)[1] == Approx(1).epsilon(1e-4));
  CHECK(bn.running_mean.item() == Approx(0.2));
  CHECK(bn.running_var.item() == Approx(0.9 + 0.1 * 2));
  CHECK(bn.num_batches_tracked.item_int64() == 1);
}

TEST_CASE("in evaluation the running statistics are used and kept", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::BatchNorm1d bn(1, {.device = device});
  bn.running_mean.fill_(2);
  bn.running_var.fill_(4);
  bn.eval();
  CHECK(models::values(bn(tensor({4.0f}).to(device).view({1, 1})))[0] == Approx(1).epsilon(1e-4));
  CHECK(bn.running_mean.item() == 2);
  CHECK(bn.num_batches_tracked.item_int64() == 0);
}

TEST_CASE("without momentum the running statistics are the mean over all batches", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::BatchNorm1d bn(1, {.momentum = std::nullopt, .device = device});
  bn(tensor({1.0f, 3.0f}).to(device).view({2, 1}));
  bn(tensor({5.0f, 7.0f}).to(device).view({2, 1}));
  CHECK(bn.running_mean.item() == Approx(4));
  CHECK(to_string(bn) == "BatchNorm1d(1, eps=1e-05, momentum=None, affine=True, bias=True, track_running_stats=True)");
}

TEST_CASE("its options decide what is in its state") {
  using Keys = std::vector<std::string>;
  CHECK(nn::BatchNorm1d(2).state_dict().keys() ==
        Keys{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
  CHECK(nn::BatchNorm1d(2, {.affine = false}).state_dict().keys() ==
        Keys{"running_mean", "running_var", "num_batches_tracked"});
  CHECK(nn::BatchNorm1d(2, {.track_running_stats = false}).state_dict().keys() == Keys{"weight", "bias"});
  CHECK(nn::BatchNorm1d(2, {.bias = false}).state_dict().keys() ==
        Keys{"weight", "running_mean", "running_var", "num_batches_tracked"});
}

TEST_CASE("input that cannot be normalised is refused, and nothing is counted", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::BatchNorm1d bn(3, {.device = device});
  CHECK_THROWS_WITH(bn(zeros({3}, {.device = device})),
                    Catch::Matchers::Contains("expected 2D or 3D input (got 1D input)"));
  CHECK_THROWS_WITH(bn(zeros({1, 3}, {.device = device})),
                    Catch::Matchers::Contains(
                        "Expected more than 1 value per channel when training, got input size torch.Size([1, 3])"));
  CHECK_THROWS_WITH(bn(zeros({2, 4}, {.device = device})),
                    Catch::Matchers::Contains("running_mean should contain 4 elements not 3"));
  CHECK(bn.num_batches_tracked.item_int64() == 0);
}

TEST_CASE("images are normalised channel by channel, over all their places", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::BatchNorm2d bn(2, {.device = device});
  const Tensor x = tensor({1.0f, 3.0f, 1.0f, 3.0f, 4.0f, 8.0f, 4.0f, 8.0f}).to(device).view({1, 2, 2, 2});
  const std::vector<float> y = models::values(bn(x));
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == Approx(i % 2 ? 1 : -1).epsilon(1e-4));
  CHECK(models::values(bn.running_mean)[1] == Approx(0.6));
  CHECK_THROWS_WITH(bn(x[0]), Catch::Matchers::Contains("expected 4D input (got 3D input)"));
  CHECK(to_string(bn) == "BatchNorm2d(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)");
}

TEST_CASE("the statistics can be begun anew", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::BatchNorm1d bn(1, {.device = device});
  bn(tensor({1.0f, 3.0f}).to(device).view({2, 1}));
  bn.reset_running_stats();
  CHECK(bn.running_mean.item() == 0);
  CHECK(bn.running_var.item() == 1);
  CHECK(bn.num_batches_tracked.item_int64() == 0);
}
