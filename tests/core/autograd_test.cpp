#include <string>

#include <cairn/core.h>

#include "catch.h"
#include "message_of.h"

using namespace cairn;

TEST_CASE("gradients add up in a leaf until they are cleared") {
  Tensor x = tensor({1.0f, 2.0f}).requires_grad_();
  sum(x * x).backward();
  sum(x * 3).backward();
  CHECK(x.grad().data<float>()[0] == 5.0f);
  CHECK(x.grad().data<float>()[1] == 7.0f);
  x.set_grad({});
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("a tensor used twice gets both gradients") {
  Tensor x = tensor({3.0f}).requires_grad_();
  const Tensor y = x * 2;
  sum(y * y + y).backward();
  CHECK(x.grad().item() == 2 * 2 * 6 + 2);
}

TEST_CASE("nothing is remembered without gradient mode, and EnableGrad turns it on again inside") {
  const Tensor x = tensor({1.0f}).requires_grad_();
  const NoGrad no_grad;
  CHECK_FALSE((x * 2).requires_grad());
  {
    const EnableGrad enable;
    CHECK((x * 2).requires_grad());
  }
  CHECK_FALSE(is_grad_enabled());
}

TEST_CASE("backward says what is wrong in PyTorch's words") {
  Tensor x = tensor({1.0f, 2.0f}).requires_grad_();
  CHECK(message_of([&] { tensor({1.0f}).backward(); }) ==
        "element 0 of tensors does not require grad and does not have a grad_fn");
  CHECK(message_of([&] { (x * 2).backward(); }) == "grad can be implicitly created only for scalar outputs");
  CHECK(message_of([&] { x.add_(1); }) == "a leaf Variable that requires grad is being used in an in-place operation.");
  const Tensor loss = sum(x * x);
  loss.backward();
  CHECK(message_of([&] { loss.backward(); }).rfind("Trying to backward through the graph a second time", 0) == 0);
}

TEST_CASE("a graph is kept for another backward when asked") {
  Tensor x = tensor({3.0f}).requires_grad_();
  const Tensor y = sum(x * x);
  y.backward({}, true);
  y.backward();
  CHECK(x.grad().item() == 12);
}

TEST_CASE("a gradient may be given for a result that is no scalar") {
  Tensor x = tensor({1.0f, 2.0f}).requires_grad_();
  (x * x).backward(tensor({1.0f, 10.0f}));
  CHECK(x.grad().data<float>()[1] == 40.0f);
  CHECK_THROWS_AS((x * x).backward(tensor({1.0f})), AutogradError);
}

TEST_CASE("a saved tensor that was changed in place is noticed") {
  Tensor x = tensor({1.0f, 2.0f}).requires_grad_();
  const Tensor h = x * 2, y = sum(h * h);
  h.add_(1);
  CHECK(message_of([&] { y.backward(); }).find("has been modified by an inplace operation") != std::string::npos);
}

TEST_CASE("in-place operations take their place in the graph") {
  Tensor x = tensor({2.0f}).requires_grad_();
  Tensor y = x * 3;
  y.mul_(y.detach().clone());  // y = 3x * 6
  y.add_(x);
  sum(y).backward();
  CHECK(x.grad().item() == 19);
}

TEST_CASE("copy_ and fill_ cut off what was there before") {
  Tensor x = tensor({2.0f}).requires_grad_(), z = tensor({5.0f}).requires_grad_();
  Tensor y = x * 3;
  y.copy_(z);
  sum(y).backward();
  CHECK_FALSE(x.grad().defined());
  CHECK(z.grad().item() == 1);
  y.fill_(0);
  CHECK_FALSE(y.requires_grad());
}

TEST_CASE("what autograd does not follow is refused, not wrong") {
  Tensor x = tensor({1.0f, 2.0f}).requires_grad_();
  const Tensor y = x * 2, view = y.narrow(0, 0, 1);
  CHECK_THROWS_AS(view.add_(1), AutogradError);
  y.add_(1);
  CHECK_THROWS_AS(view * 2, AutogradError);  // its place in the graph is out of date
}

TEST_CASE("an error inside backward leaves nothing behind that a later one would add") {
  Tensor x = tensor({1.0f}).requires_grad_();
  const Tensor h = x * 2, y = sum(h * h + h);
  h.add_(1);
  CHECK_THROWS_AS(y.backward(), AutogradError);
  x.set_grad({});
  sum(x * 4).backward();
  CHECK(x.grad().item() == 4);
}

TEST_CASE("a chain of 200,000 nodes is computed, differentiated and freed without recursion") {
  Tensor x = tensor({1.0f}).requires_grad_();
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = y + 0.5;
  y.backward();
  CHECK(x.grad().item() == 1);
  Tensor z = x;
  for (int i = 0; i < 200000; ++i) z = z * 1.0;  // these hold saved tensors, and are dropped without backward
}

TEST_CASE("gradients reach across devices and dtypes") {
  Tensor x = tensor({2.0f}).requires_grad_();
  const Tensor there = x.to("sim:0").to(DType::float64);
  sum(there * there).backward();
  CHECK(x.grad().device() == Device());
  CHECK(x.grad().dtype() == DType::float32);
  CHECK(x.grad().item() == 4);
}

TEST_CASE("a leaf's own gradient tensor is never shared with another's") {
  Tensor a = tensor({1.0f}).requires_grad_(), b = tensor({1.0f}).requires_grad_();
  sum(a + b).backward();
  a.grad().fill_(7);
  CHECK(b.grad().item() == 1);
}

TEST_CASE("what an in-place product needs of itself is kept from before") {
  Tensor x = tensor({3.0f}).requires_grad_();
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

TEST_CASE("a gradient given in another dtype is converted, on another device refused") {
  Tensor x = zeros({5}).requires_grad_();
  exp(x).backward(full({5}, 2.0, {.dtype = DType::float64}));
  CHECK(to_string(x.grad()) == "tensor([2., 2., 2., 2., 2.])");
  x.set_grad({});
  x.backward(ones({5}, {.dtype = DType::float64}));
  CHECK(x.grad().dtype() == DType::float32);
  CHECK_THROWS_AS((x * 2.0).backward(ones({5}, {.device = "sim:0"})), DeviceError);
}
