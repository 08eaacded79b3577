#include <cairn/nn/relu.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("the rectifier keeps what is above zero", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::ReLU relu;
  CHECK(models::values(relu(tensor({-1.0f, 0.0f, 2.0f}).to(device))) == std::vector<float>{0, 0, 2});
  CHECK(relu.state_dict().empty());
}

TEST_CASE("the rectifier prints whether it was asked to work in place") {
  CHECK(to_string(nn::ReLU()) == "ReLU()");
  CHECK(to_string(nn::ReLU({.inplace = true})) == "ReLU(inplace=True)");
}
