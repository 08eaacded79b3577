#include <cairn/optim/options.h>

#include "catch.h"
#include "parameters.h"

using namespace cairn;

TEST_CASE("whole numbers stay whole, as in Python") {
  CHECK(to_string(optim::to_value(Scalar(0))) == "0");
  CHECK(to_string(optim::to_value(Scalar(0.0))) == "0.0");
  CHECK(to_string(optim::to_value(std::pair<Scalar, Scalar>(0.9, 1))) == "(0.9, 1)");
  CHECK(to_string(optim::to_value(std::optional<bool>())) == "None");
}

TEST_CASE("numbers that must not be negative are checked with PyTorch's texts") {
  const Dict options{{"lr", -0.5}};
  CHECK_THROWS_WITH(optim::check_not_negative(options, "lr", "learning rate"), "Invalid learning rate: -0.5");
  CHECK_THROWS_AS(optim::check_not_negative(Dict{{"lr", std::nan("")}}, "lr", "learning rate"), ValueError);
  CHECK_NOTHROW(optim::check_not_negative(Dict{{"lr", 0}}, "lr", "learning rate"));
}

TEST_CASE("implementations that exclude each other, or that there are not, are refused") {
  CHECK_THROWS_WITH(optim::SGD(parameters::unnamed(), {.foreach = true, .fused = true}),
                    "`fused` and `foreach` cannot be `True` together.");
  CHECK_THROWS_AS(optim::SGD(parameters::unnamed(), {.differentiable = true}), ValueError);
  CHECK_NOTHROW(optim::SGD(parameters::unnamed(), {.foreach = true}));
}
