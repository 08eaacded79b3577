#include <cairn/nn/cross_entropy_loss.h>

#include <cmath>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("equal scores give the logarithm of the number of classes", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::CrossEntropyLoss loss;
  CHECK(loss(zeros({3, 4}, {.device = device}), tensor<std::int64_t>({0, 1, 3}).to(device)).item() ==
        Approx(std::log(4.0)));
  CHECK(to_string(loss) == "CrossEntropyLoss()");
}

TEST_CASE("its options are PyTorch's", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor input = tensor({1.0f, 2.0f, 0.5f, 0.5f}).to(device).view({2, 2}),
               target = tensor<std::int64_t>({0, 1}).to(device);
  SECTION("reduction") {
    CHECK(nn::CrossEntropyLoss({.reduction = Reduction::none})(input, target).shape() == Shape{2});
    CHECK(nn::CrossEntropyLoss({.reduction = Reduction::sum})(input, target).item() ==
          Approx(2 * nn::CrossEntropyLoss()(input, target).item()));
  }
  SECTION("ignore_index") {
    CHECK(nn::CrossEntropyLoss({.ignore_index = 0})(input, target).item() == Approx(std::log(2.0)));
  }
  SECTION("weight, which is in the state") {
    const nn::CrossEntropyLoss loss({.weight = tensor({0.0f, 1.0f}).to(device)});
    CHECK(loss.state_dict().keys() == std::vector<std::string>{"weight"});
    CHECK(nn::CrossEntropyLoss({.weight = tensor({0.0f, 1.0f}).to(device)})(input, target).item() ==
          Approx(std::log(2.0)));
  }
  SECTION("label_smoothing") {
    CHECK(nn::CrossEntropyLoss({.label_smoothing = 1})(input, target).item() ==
          Approx((std::log(1 + std::exp(1.0)) - 0.5 + std::log(2.0)) / 2));
  }
}

TEST_CASE("a loss is a module: as a child it is called with both arguments", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  struct Trainer : nn::Module {
    nn::Child<nn::CrossEntropyLoss> loss{this, "loss"};
  } trainer;
  CHECK(trainer.loss(zeros({1, 2}, {.device = device}), tensor<std::int64_t>({0}).to(device)).item() ==
        Approx(std::log(2.0)));
}

TEST_CASE("a target beyond the classes is refused with PyTorch's text") {
  nn::CrossEntropyLoss loss;
  CHECK_THROWS_WITH(loss(zeros({1, 3}), tensor<std::int64_t>({5})),
                    Catch::Matchers::Contains("Target 5 is out of bounds."));
}
