#include <cairn/nn/sigmoid.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("the logistic function lies between 0 and 1", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Sigmoid sigmoid;
  const std::vector<float> y = models::values(sigmoid(tensor({-100.0f, 0.0f, 100.0f}).to(device)));
  CHECK(y[0] == Approx(0).margin(1e-6));
  CHECK(y[1] == 0.5f);
  CHECK(y[2] == 1.0f);
  CHECK(to_string(sigmoid) == "Sigmoid()");
}
