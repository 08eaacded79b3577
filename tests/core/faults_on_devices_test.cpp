// Bad input that only a kernel sees: a device that works by itself says it when the caller waits, once, and goes on.
#include <cmath>
#include <string>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

/// What is said of `compute`, or by the next call that waits.
template <class Compute>
std::string error_of(Device device, Compute&& compute) {
  try {
    compute();
    synchronize(device);
    return "no error";
  } catch (const DeviceError& error) {
    return error.message();
  }
}

}  // namespace

TEST_CASE("a target out of range reaches the caller when it waits for the device, or is a loss of NaN", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    const Tensor input = zeros({2, 3}, {.device = device}), target = tensor<std::int64_t>({1, 12}).to(device);
    double loss = 0;
    const std::string error = error_of(device, [&] { loss = cross_entropy(input, target).item(); });
    if (device.type() == Device::Type::sim) {
      CHECK(error == "no error");
      CHECK(std::isnan(loss));
    } else {
      CHECK_THAT(error, Contains("an operation queued earlier failed: cross_entropy: Target 12 is out of bounds."));
    }
    CHECK_NOTHROW(synchronize(device));
    CHECK(numbers<float>(input + 1) == std::vector<float>(6, 1));
    CHECK(std::isfinite(cross_entropy(input, tensor<std::int64_t>({1, 2}).to(device)).item()));
    const Tensor ignored = cross_entropy(input, target, {.ignore_index = 12});
    CHECK(ignored.item() == Approx(std::log(3.0)));
  }
}

TEST_CASE("an index out of range reaches the caller when it waits for the device; nothing is read or written astray",
          "[device]") {
  for (const Device device : devices()) {
    const auto index = [&](std::int64_t place) { return tensor<std::int64_t>({1, place, 0}).to(device); };
    // Among other numbers.
    const Tensor sevens = full({2, 15}, 7, {.device = device}), x = sevens.narrow(1, 5, 5),
                 sums = sevens.clone().narrow(1, 5, 5);
    x.fill_(1);
    for (const std::int64_t place : {std::int64_t{5}, std::int64_t{-1}, std::int64_t{12345678}}) {
      CAPTURE(device, place);
      const auto says = Contains(text("index ", place, " is out of bounds for dimension 1 with size 5"));
      Tensor taken;
      CHECK_THAT(error_of(device, [&] { taken = index_select(x, 1, index(place)); }), says);
      if (device.type() != Device::Type::sim)  // which has not written it
        CHECK(numbers<float>(taken == 7) == std::vector<float>(6, 0));
      CHECK_THAT(error_of(device, [&] { gather(x, 1, index(place).view({1, 3})); }), says);
      CHECK_THAT(error_of(device, [&] { sums.scatter_add_(1, index(place).view({1, 3}), x.narrow(1, 0, 3)); }), says);
      CHECK(numbers<float>(sums.narrow(1, 2, 3)) == std::vector<float>(6, 7));
    }
    CHECK_NOTHROW(synchronize(device));
    CHECK(numbers<float>(index_select(x, 1, index(4))) == std::vector<float>(6, 1));
  }
}
