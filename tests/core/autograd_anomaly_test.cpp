// Where a NaN comes from.
#include <string>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"
#include "message_of.h"

using namespace cairn;

namespace {

/// The hint of the Error that `f` throws.
template <class F>
std::string hint_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.fields().hint;
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("the function that returned the first NaN is named", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = tensor({0.0f, 1.0f}).to(device).requires_grad_();
  const auto loss = [&] { return sum(sqrt(x) * 0.0); };  // 0 times an infinite slope
  CHECK(message_of([&] { loss().backward(); }) == "nothing was thrown");
  const DetectAnomaly detect;
  CHECK(message_of([&] { loss().backward(); }) == "Function 'SqrtBackward0' returned nan values in its 0th output.");
  CHECK(hint_of([&] { loss().backward(); }) ==
        "going forward, no operation recorded in this mode made a NaN: this gradient is the first");
  CHECK(message_of([&] { grad({loss()}, {x}); }) == "Function 'SqrtBackward0' returned nan values in its 0th output.");
}

TEST_CASE("the operation that made the first NaN going forward is named as well", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = tensor({-1.0f, 1.0f}).to(device).requires_grad_();
  const DetectAnomaly detect;
  const Tensor y = sum(log(x * 1.0) * x);  // the logarithm of -1
  CHECK(message_of([&] { y.backward(); }) == "Function 'MulBackward0' returned nan values in its 1th output.");
  const Tensor z = sum(log(x * 1.0) * x);
  CHECK(hint_of([&] { z.backward(); }) == "going forward, the first NaN was made by the operation of LogBackward0");
}

TEST_CASE("a NaN that was made in place is noted, too") {
  const Tensor x = tensor({0.0f, 1.0f}).requires_grad_();
  const DetectAnomaly detect;
  const Tensor h = x * 1.0;
  h[0].div_(x[0]);
  const Tensor y = sum(h * h);
  CHECK(message_of([&] { y.backward(); }) == "Function 'MulBackward0' returned nan values in its 0th output.");
  CHECK(hint_of([&] { sum(h * h).backward(); }) ==
        "going forward, the first NaN was made by the operation of DivBackward0");
}

TEST_CASE("the mode may leave NaN alone, and ends with its scope") {
  const Tensor x = tensor({0.0f}).requires_grad_();
  {
    const DetectAnomaly outer;
    {
      const DetectAnomaly inner(false);
      (sqrt(x) * 0.0).backward();
    }
    CHECK_THROWS_AS((sqrt(x) * 0.0).backward(), AutogradError);
  }
  (sqrt(x) * 0.0).backward();
}

TEST_CASE("in anomaly mode a tensor that was changed is told of in PyTorch's words for that") {
  const Tensor x = tensor({1.0f, 2.0f}).requires_grad_(), h = x * 2, y = sum(h * h);
  h.add_(1.0);
  const DetectAnomaly detect;
  CHECK(message_of([&] { y.backward(); }) ==
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        "[torch.FloatTensor [2]], which is output 0 of Add, is at version 1; expected version 0 instead. Hint: the "
        "backtrace further above shows the operation that failed to compute its gradient. The variable in question was "
        "changed in there or anywhere later. Good luck!");
}

TEST_CASE("tensors without numbers have no NaN") {
  const DetectAnomaly detect;
  const Tensor x = ones({3}, {.device = "meta", .requires_grad = true});
  sum(x * x).backward();
  CHECK(x.grad().device().is_meta());
}
