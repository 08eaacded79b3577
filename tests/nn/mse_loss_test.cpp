#include <cairn/nn/mse_loss.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("the loss is the mean of the squared differences, their sum, or each", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor input = tensor({1.0f, 2.0f}).to(device), target = tensor({3.0f, 2.0f}).to(device);
  CHECK(nn::MSELoss()(input, target).item() == 2);
  CHECK(nn::MSELoss({.reduction = Reduction::sum})(input, target).item() == 4);
  CHECK(models::values(nn::MSELoss({.reduction = Reduction::none})(input, target)) == std::vector<float>{4, 0});
  CHECK(to_string(nn::MSELoss()) == "MSELoss()");
}
