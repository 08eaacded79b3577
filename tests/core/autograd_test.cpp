#include <string>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"
#include "message_of.h"

using namespace cairn;

namespace {

/// A leaf on the device.
Tensor leaf(Device device, std::initializer_list<float> values) { return tensor(values).to(device).requires_grad_(); }

using Numbers = std::vector<float>;

}  // namespace

TEST_CASE("gradients add up in a leaf until they are cleared", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {1, 2});
  sum(x * x).backward();
  sum(x * 3).backward();
  CHECK(x.grad().device() == device);
  CHECK(numbers<float>(x.grad()) == Numbers{5, 7});
  x.set_grad({});
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("a tensor used twice gets both gradients", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {3});
  const Tensor y = x * 2;
  sum(y * y + y).backward();
  CHECK(x.grad().item() == 2 * 2 * 6 + 2);
}

TEST_CASE("nothing is remembered without gradient mode, and EnableGrad turns it on again inside", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = leaf(device, {1});
  const NoGrad no_grad;
  CHECK_FALSE((x * 2).requires_grad());
  {
    const EnableGrad enable;
    CHECK((x * 2).requires_grad());
  }
  CHECK_FALSE(is_grad_enabled());
}

TEST_CASE("backward says what is wrong in PyTorch's words", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {1, 2});
  CHECK(message_of([&] { ones({1}, {.device = device}).backward(); }) ==
        "element 0 of tensors does not require grad and does not have a grad_fn");
  CHECK(message_of([&] { (x * 2).backward(); }) == "grad can be implicitly created only for scalar outputs");
  CHECK(message_of([&] { x.add_(1); }) == "a leaf Variable that requires grad is being used in an in-place operation.");
  const Tensor loss = sum(x * x);
  loss.backward();
  CHECK(message_of([&] { loss.backward(); }).rfind("Trying to backward through the graph a second time", 0) == 0);
}

TEST_CASE("a graph is kept for another backward when asked", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {3});
  const Tensor y = sum(x * x);
  y.backward({}, true);
  y.backward();
  CHECK(x.grad().item() == 12);
}

TEST_CASE("a gradient may be given for a result that is no scalar", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {1, 2});
  (x * x).backward(tensor({1.0f, 10.0f}).to(device));
  CHECK(numbers<float>(x.grad()) == Numbers{2, 40});
  CHECK_THROWS_AS((x * x).backward(ones({1}, {.device = device})), AutogradError);
}

TEST_CASE("a saved tensor that was changed in place is noticed", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {1, 2});
  const Tensor h = x * 2, y = sum(h * h);
  h.add_(1);
  CHECK(message_of([&] { y.backward(); }).find("has been modified by an inplace operation") != std::string::npos);
}

TEST_CASE("in-place operations take their place in the graph", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {2});
  Tensor y = x * 3;
  y.mul_(y.detach().clone());  // y = 3x * 6
  y.add_(x);
  sum(y).backward();
  CHECK(x.grad().item() == 19);
}

TEST_CASE("an error inside backward leaves nothing behind that a later one would add", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {1});
  const Tensor h = x * 2, y = sum(h * h + h);
  h.add_(1);
  CHECK_THROWS_AS(y.backward(), AutogradError);
  x.set_grad({});
  sum(x * 4).backward();
  CHECK(x.grad().item() == 4);
}

TEST_CASE("a chain of 200,000 nodes is computed, differentiated and freed without recursion") {
  Tensor x = leaf("cpu", {1});
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = y + 0.5;
  y.backward();
  CHECK(x.grad().item() == 1);
  Tensor z = x;
  for (int i = 0; i < 200000; ++i) z = z * 1.0;  // these hold saved tensors, and are dropped without backward
}

TEST_CASE("gradients reach across devices and dtypes", "[device]") {
  for (const Device device : devices()) {
    Tensor x = tensor({2.0f}).requires_grad_();
    const Tensor there = x.to(device).to(DType::float64), far = there.to(another_device(device));
    sum(far * far).backward();
    CHECK(x.grad().device() == Device());
    CHECK(x.grad().dtype() == DType::float32);
    CHECK(x.grad().item() == 4);
    Tensor y = leaf(device, {3});
    sum(y.to("cpu") * y.to("cpu")).backward();
    CHECK(y.grad().device() == device);
    CHECK(y.grad().item() == 6);
  }
}

TEST_CASE("a leaf's own gradient tensor is never shared with another's", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor a = leaf(device, {1}), b = leaf(device, {1});
  sum(a + b).backward();
  a.grad().fill_(7);
  CHECK(b.grad().item() == 1);
}

TEST_CASE("the gradient a walk begins with is 1, whatever became of that of the walk before", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  const DType dtype = GENERATE(DType::float32, DType::float64);
  CAPTURE(device, dtype);
  const Tensor x = tensor({2.0f}).reshape({}).to(device).to(dtype).requires_grad_();
  const auto gradient_of_triple = [&] {
    x.set_grad({});
    (x * 3).backward();
    return x.grad().to(DType::float32).item();
  };
  SECTION("a leaf keeps it as its own") {
    x.backward();
    x.grad().fill_(7);
    CHECK(gradient_of_triple() == 3);
    x.set_grad({});
    x.backward();
    CHECK(x.grad().to(DType::float32).item() == 1);
  }
  SECTION("a hook changes it, or keeps it and changes it later") {
    Tensor seen;
    Tensor y = x * 3;
    y.register_hook([&](const Tensor& gradient) { return seen = gradient, Tensor(); });
    y.backward();
    seen.fill_(7);
    CHECK(gradient_of_triple() == 3);
    seen.fill_(8);
    CHECK(gradient_of_triple() == 3);
    seen = {};
    CHECK(gradient_of_triple() == 3);
  }
  SECTION("a view of it is kept") {
    const Tensor row = x.view({1}).detach().requires_grad_();
    row.reshape({}).backward();
    row.grad().fill_(7);
    CHECK(gradient_of_triple() == 3);
  }
}

TEST_CASE("what an in-place product needs of itself is kept from before", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = leaf(device, {3});
  Tensor square = x * 1.0;
  square.mul_(square);
  sum(square).backward();
  CHECK(x.grad().item() == 6);
  x.set_grad({});
  Tensor one = x * 1.0;
  one.div_(one);
  sum(one).backward();
  CHECK(x.grad().item() == 0);
}

TEST_CASE("a gradient given in another dtype is converted, on another device refused", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Tensor x = zeros({5}, {.device = device}).requires_grad_();
  exp(x).backward(full({5}, 2.0, {.dtype = DType::float64, .device = device}));
  CHECK(numbers<float>(x.grad()) == Numbers(5, 2));
  x.set_grad({});
  x.backward(ones({5}, {.dtype = DType::float64, .device = device}));
  CHECK(x.grad().dtype() == DType::float32);
  CHECK_THROWS_AS((x * 2.0).backward(ones({5}, {.device = another_device(device)})), DeviceError);
}
