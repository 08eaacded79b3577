// The losses but cross-entropy and the squared error: each is a function and its options.
#include <cairn/core/ops.h>
#include <cairn/nn.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("a loss computes its function with its options, and prints none", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  const Reduction reduction = GENERATE(Reduction::none, Reduction::mean, Reduction::sum);
  CAPTURE(device, static_cast<int>(reduction));
  const Tensor x = rand({4, 3}, {}, Generator(1)).to(device), t = rand({4, 3}, {}, Generator(2)).to(device);
  const Tensor weight = tensor({0.5f, 2.0f, 1.0f}).to(device), classes = tensor<std::int64_t>({2, 0, 1, 1}).to(device);
  const auto same = [](const Tensor& found, const Tensor& expected) {
    return found.shape() == expected.shape() && models::values(found) == models::values(expected);
  };
  CHECK(same(nn::L1Loss({reduction})(x, t), l1_loss(x, t, reduction)));
  CHECK(same(nn::SmoothL1Loss({reduction, 0.25})(x, t), smooth_l1_loss(x, t, reduction, 0.25)));
  CHECK(same(nn::BCELoss({weight, reduction})(x, t), binary_cross_entropy(x, t, {weight, reduction})));
  CHECK(same(nn::BCEWithLogitsLoss({weight, reduction, weight * 2})(x, t),
             binary_cross_entropy_with_logits(x, t, {weight, reduction, weight * 2})));
  CHECK(same(nn::NLLLoss({weight, 1, reduction})(x, classes), nll_loss(x, classes, {weight, 1, reduction})));
  CHECK(to_string(nn::L1Loss()) == "L1Loss()");
  CHECK(to_string(nn::SmoothL1Loss()) == "SmoothL1Loss()");
  CHECK(to_string(nn::BCELoss()) == "BCELoss()");
  CHECK(to_string(nn::BCEWithLogitsLoss()) == "BCEWithLogitsLoss()");
  CHECK(to_string(nn::NLLLoss()) == "NLLLoss()");
}

TEST_CASE("weights of a loss belong to its state, and are not trained") {
  const Tensor weight = ones({3});
  const std::vector<std::string> one = {"weight"}, both = {"weight", "pos_weight"};
  CHECK(nn::NLLLoss({.weight = weight}).state_dict().keys() == one);
  CHECK(nn::BCELoss({.weight = weight}).state_dict().keys() == one);
  nn::BCEWithLogitsLoss loss({.weight = weight, .pos_weight = weight});
  CHECK(loss.state_dict().keys() == both);
  CHECK(loss.parameters().empty());
  CHECK(nn::BCELoss().state_dict().empty());
}

TEST_CASE("binary cross-entropy asks for numbers from 0 to 1, and says so") {
  const Tensor half = full({2}, 0.5);
  CHECK_THROWS_WITH(nn::BCELoss()(half * 3, half), "all elements of input should be between 0 and 1");
  CHECK_THROWS_WITH(nn::BCELoss()(half, half - 1), "all elements of target should be between 0 and 1");
  CHECK_THROWS_WITH(nn::BCEWithLogitsLoss()(half, full({3}, 0.5)),
                    "Target size (torch.Size([3])) must be the same as input size (torch.Size([2]))");
}

TEST_CASE("a wrong answer that is certain has a finite loss") {
  const Tensor x = tensor({0.0f, 1.0f}), t = tensor({1.0f, 0.0f});
  CHECK(models::values(nn::BCELoss({.reduction = Reduction::none})(x, t)) == std::vector<float>{100, 100});
  const Tensor far = tensor({-1000.0f, 1000.0f});
  CHECK(models::values(nn::BCEWithLogitsLoss({.reduction = Reduction::none})(far, t)) ==
        std::vector<float>{1000, 1000});
}

TEST_CASE("a target that is no class is named", "[device]") {
  CHECK_THROWS_WITH(nn::NLLLoss()(zeros({1, 3}), tensor<std::int64_t>({3})), "Target 3 is out of bounds.");
  CHECK_THROWS_AS(nn::NLLLoss()(zeros({1, 3}), tensor<std::int64_t>({-1})), IndexError);
}

TEST_CASE("cross-entropy and negative log-likelihood take a class for every place of a plane") {
  const Tensor x = randn({2, 3, 4, 5}, {}, Generator(1));
  const Tensor classes = randint(3, {2, 4, 5}, Generator(2));
  const Tensor rows = x.permute({0, 2, 3, 1}).reshape({40, 3});
  const nn::CrossEntropyLossOptions each{.reduction = Reduction::none};
  const Tensor found = nn::CrossEntropyLoss(each)(x, classes);
  CHECK(found.shape() == Shape{2, 4, 5});
  CHECK(models::values(found) == models::values(nn::CrossEntropyLoss(each)(rows, classes.flatten())));
  CHECK(nn::NLLLoss()(x, classes).item() == nn::NLLLoss()(rows, classes.flatten()).item());
}
