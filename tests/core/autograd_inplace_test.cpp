// Changes in place, through views and beside them; core/autograd/inplace.cpp draws what happens. All numbers and names
// are PyTorch's.
#include <string>
#include <thread>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"
#include "graph_text.h"
#include "message_of.h"

using namespace cairn;

namespace {

using Numbers = std::vector<float>;

Tensor leaf(Device device, std::initializer_list<float> values, const Shape& shape) {
  return tensor(values).view(shape).clone().to(device).requires_grad_();
}
Tensor leaf(Device device, std::initializer_list<float> values) {
  return leaf(device, values, {static_cast<std::int64_t>(values.size())});
}

/// 1 2 3
/// 4 5 6
Tensor two_rows(Device device) { return leaf(device, {1, 2, 3, 4, 5, 6}, {2, 3}); }

const std::string is_leaf = "a leaf Variable that requires grad is being used in an in-place operation.";
const std::string is_view_of_leaf =
    "a view of a leaf Variable that requires grad is being used in an in-place operation.";
const std::string forbidden =
    " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
    "the view and the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or "
    "both outside (if you want the inplace to be tracked).";
const std::string shared_memory =
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please "
    "clone() the tensor before performing the operation.";

std::string modified(const std::string& what, int version, int expected) {
  return "one of the variables needed for gradient computation has been modified by an inplace operation: " + what +
         " is at version " + std::to_string(version) + "; expected version " + std::to_string(expected) +
         " instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
         "torch.autograd.set_detect_anomaly(True, check_nan=False).";
}

}  // namespace

TEST_CASE("to change a view is to change its base", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = two_rows(device), w = leaf(device, {2, 3, 4});
  const Tensor b = x * 2, v = b[0];
  v.mul_(w);
  CHECK(numbers<float>(b) == Numbers{4, 12, 24, 8, 10, 12});
  CHECK(graph_text(b) == "CopySlices(MulBackward0(leaf, -), leaf)");
  CHECK(graph_text(v) == "AsStridedBackward0(CopySlices(MulBackward0(leaf, -), leaf))");
  sum(b).backward();
  CHECK(numbers<float>(x.grad()) == Numbers{4, 6, 8, 2, 2, 2});
  CHECK(numbers<float>(w.grad()) == Numbers{2, 4, 6});
}

TEST_CASE("every change in place has through a view the gradient it has by itself", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  struct Change {
    const char* name;
    const Tensor& (Tensor::*in_place)() const;
    Tensor (*function)(const Tensor&);
  };
  for (const Change& change : {Change{"neg", &Tensor::neg_, neg}, Change{"abs", &Tensor::abs_, abs},
                               Change{"exp", &Tensor::exp_, exp}, Change{"log", &Tensor::log_, log},
                               Change{"sqrt", &Tensor::sqrt_, sqrt}, Change{"rsqrt", &Tensor::rsqrt_, rsqrt},
                               Change{"tanh", &Tensor::tanh_, tanh}, Change{"sigmoid", &Tensor::sigmoid_, sigmoid},
                               Change{"erf", &Tensor::erf_, erf}, Change{"relu", &Tensor::relu_, relu}}) {
    CAPTURE(change.name);
    const Tensor x = two_rows(device), weights = leaf(device, {3, -1, 2, 5, 7, -4}, {2, 3}).detach();
    const Tensor b = x * 0.5, v = b[0];
    (v.*change.in_place)();
    sum(b * weights).backward();
    const Tensor y = two_rows(device), halves = y * 0.5;
    const Tensor expected = stack({change.function(halves[0]), halves[1]});
    sum(expected * weights).backward();
    CHECK(numbers<float>(b) == numbers<float>(expected));
    CHECK(numbers<float>(x.grad()) == numbers<float>(y.grad()));
  }
}

TEST_CASE("every view of a base sees a change, and what was computed before does not", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = two_rows(device);
  const Tensor b = x * 1.0, row = b[0], column = b.select(1, 1);
  const Tensor before = row * 10;
  row.mul_(Tensor(full({}, 3, {.device = device})));
  const Tensor after = row * 10, beside = column * 100;
  CHECK(numbers<float>(before) == Numbers{10, 20, 30});
  CHECK(numbers<float>(after) == Numbers{30, 60, 90});
  CHECK(numbers<float>(beside) == Numbers{600, 500});
  backward({sum(after), sum(beside)}, {}, true);
  CHECK(numbers<float>(x.grad()) == Numbers{30, 330, 30, 0, 100, 0});
  x.set_grad({});
  sum(before).backward();
  CHECK(numbers<float>(x.grad()) == Numbers{10, 10, 10, 0, 0, 0});
}

TEST_CASE("a view of a view of a view is a view of the base", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = two_rows(device), b = x * 1.0;
  const Tensor part = b.narrow(1, 1, 2), row = part[1], standing = row.view({2, 1});
  standing.mul_(5.0);
  CHECK(numbers<float>(b) == Numbers{1, 2, 3, 4, 25, 30});
  CHECK(graph_text(row) == "AsStridedBackward0(CopySlices(MulBackward0(leaf, -), -))");
  sum(b).backward();
  CHECK(numbers<float>(x.grad()) == Numbers{1, 1, 1, 1, 5, 5});
}

TEST_CASE("a buffer is filled row by row, and each row's gradient goes where the row came from", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = leaf(device, {1, 2, 3}), buffer = zeros({2, 3}, {.device = device});
  const Tensor early = buffer[1];
  buffer[0].copy_(x);
  CHECK(buffer.requires_grad());
  CHECK(early.requires_grad());  // although it was taken when nothing required a gradient
  buffer.narrow(0, 1, 1).add_(x * x);
  CHECK(graph_text(buffer) == "CopySlices(CopySlices(-, leaf), MulBackward0(leaf, leaf))");
  CHECK(numbers<float>(early) == Numbers{1, 4, 9});
  const Tensor weights = tensor({1.0f, 10.0f}).view({2, 1}).to(device);
  sum(buffer * weights).backward();
  CHECK(numbers<float>(x.grad()) == Numbers{21, 41, 61});
}

TEST_CASE("a view follows a base that came to require a gradient later", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = leaf(device, {1, 2, 3}), b = zeros({2, 3}, {.device = device}), v = b[0];
  CHECK(v.is_leaf());
  b.add_(x);
  CHECK(v.requires_grad());
  CHECK_FALSE(v.is_leaf());
  CHECK(graph_text(v) == "AsStridedBackward0(AddBackward0(-, leaf))");
  sum(v).backward();
  CHECK(numbers<float>(x.grad()) == Numbers{1, 1, 1});
}

TEST_CASE("a view changed by its neighbours, and its neighbours by it", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = two_rows(device), b = x * 1.0, upper = b[0], lower = b[1];
  upper.add_(lower);
  upper.add_(lower);
  lower.mul_(2.0);
  CHECK(numbers<float>(b) == Numbers{9, 12, 15, 8, 10, 12});
  sum(b * tensor({1.0f, 10.0f}).view({2, 1}).to(device)).backward();
  CHECK(numbers<float>(x.grad()) == Numbers{1, 1, 1, 22, 22, 22});
}

TEST_CASE("bases need not lie row by row, nor views within rows", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = two_rows(device);
  SECTION("a base of columns") {
    const Tensor b = (x * 1.0).t().detach().requires_grad_() /* strides [1, 3] */, h = b.detach();
    h.add_(b);
    h[0].mul_(5.0);
    sum(h).backward();
    CHECK(numbers<float>(b.grad()) == Numbers{5, 5, 1, 1, 1, 1});
  }
  SECTION("any elements of the storage") {
    const Tensor b = x * 1.0;
    b[0].narrow(0, 1, 2).as_strided({2}, {2}, 1).mul_(10.0);
    CHECK(numbers<float>(b) == Numbers{1, 20, 3, 40, 5, 6});
    sum(b).backward();
    CHECK(numbers<float>(x.grad()) == Numbers{1, 10, 1, 10, 1, 1});
  }
}

TEST_CASE("a view that looks at elements more than once adds up their gradients", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  SECTION("windows") {
    const Tensor x = leaf(device, {1, 2, 3, 4}), windows = (x * 1.0).as_strided({3, 2}, {1, 1}, 0);
    CHECK(numbers<float>(windows) == Numbers{1, 2, 2, 3, 3, 4});
    sum(windows * tensor({1.0f, 10.0f, 100.0f, 1e3f, 1e4f, 1e5f}).view({3, 2}).to(device)).backward();
    CHECK(numbers<float>(x.grad()) == Numbers{1, 110, 11000, 100000});
  }
  SECTION("an expanded view of a base that was changed") {
    const Tensor x = leaf(device, {1, 2, 3}), b = x * 1.0, twice = b.expand({2, 3});
    b.mul_(2.0);
    CHECK(graph_text(twice) == "AsStridedBackward0(MulBackward0(MulBackward0(leaf, -), -))");
    sum(twice * tensor({1.0f, 10.0f}).view({2, 1}).to(device)).backward();
    CHECK(numbers<float>(x.grad()) == Numbers{22, 22, 22});
  }
  SECTION("a base whose own elements share memory") {
    const Tensor h = ones({3}, {.device = device}), b = h.expand({2, 3}).detach().requires_grad_(), v = b[0];
    h.mul_(2.0);  // changes b, too
    CHECK(graph_text(v) == "AsStridedBackward0(leaf)");
    sum(v).backward();
    CHECK(numbers<float>(b.grad()) == Numbers{.5, .5, .5, .5, .5, .5});
  }
}

TEST_CASE("detach shares numbers and version, but no history", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = leaf(device, {1, 2}), b = x * 2, alias = b.detach();
  const Tensor square = sum(b * b);
  alias[0].mul_(x[1]);
  CHECK(alias.requires_grad());
  CHECK(graph_text(b) == "MulBackward0(leaf, -)");
  CHECK(b.version() == 1);
  CHECK(numbers<float>(b) == Numbers{4, 4});
  CHECK(message_of([&] { square.backward(); }).find("output 0 of Mul, is at version 1") != std::string::npos);
}

TEST_CASE("copy_ and fill_ replace what was there, whose gradient is zero", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = leaf(device, {2, 3}), z = leaf(device, {5, 6});
  const Tensor y = x * 3;
  SECTION("all of it") {
    y.copy_(z);
    CHECK(graph_text(y) == "CopyBackwards(MulBackward0(leaf, -), leaf)");
    sum(y).backward();
    CHECK(numbers<float>(x.grad()) == Numbers{0, 0});
    CHECK(numbers<float>(z.grad()) == Numbers{1, 1});
    y.fill_(7);
    CHECK(y.requires_grad());
    CHECK(std::string(y.grad_fn()->name()) == "FillBackward2");
    y.zero_();
    CHECK(std::string(y.grad_fn()->name()) == "ZeroBackward0");
  }
  SECTION("a part of it") {
    y.narrow(0, 0, 1).fill_(7);
    y[1].copy_(z[0]);
    sum(y * y).backward();
    CHECK(numbers<float>(x.grad()) == Numbers{0, 0});
    CHECK(numbers<float>(z.grad()) == Numbers{10, 0});
  }
  SECTION("broadcast, of another dtype, on another device") {
    const Tensor there = zeros({2, 2}, {.dtype = DType::float64, .device = another_device(device)});
    there.copy_(x.view({2, 1}));
    there.select(1, 0).fill_(7);
    sum(there).backward();
    CHECK(x.grad().device() == device);
    CHECK(x.grad().dtype() == DType::float32);
    CHECK(numbers<float>(x.grad()) == Numbers{1, 1});
  }
}

TEST_CASE("what must not be changed in place is refused before it is changed", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = leaf(device, {1, 2}), plain = zeros({2}, {.device = device});
  CHECK(message_of([&] { x.mul_(2.0); }) == is_leaf);
  CHECK(message_of([&] { x.fill_(2); }) == is_leaf);
  CHECK(message_of([&] { x[0].mul_(2.0); }) == is_view_of_leaf);
  CHECK(message_of([&] { x.view({1, 2}).narrow(1, 0, 1).copy_(plain[0]); }) == is_view_of_leaf);
  SECTION("a leaf that is itself a view") {
    const Tensor v = plain[0].requires_grad_();
    CHECK(message_of([&] { v.mul_(2.0); }) == is_view_of_leaf);
  }
  SECTION("elements that share memory") {
    const Tensor twice = plain.expand({3, 2});
    CHECK(message_of([&] { twice.mul_(2.0); }) == shared_memory);
    CHECK(message_of([&] { twice.copy_(zeros({3, 2}, {.device = device})); }) == shared_memory);
    CHECK(message_of([&] { twice.add_(x); }) == shared_memory);
    CHECK(message_of([&] { twice.copy_(twice); }) == "nothing was thrown");
    twice.fill_(4);  // which means the same whichever element is written last
    CHECK(numbers<float>(plain) == Numbers{4, 4});
    twice.zero_();
  }
  CHECK(numbers<float>(x) == Numbers{1, 2});
  CHECK(numbers<float>(plain) == Numbers{0, 0});
  CHECK(x.version() == 0);
}

TEST_CASE("a view made under NoGrad is not changed with gradient mode on, nor used once its base was", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const auto without_grad_mode = [](const Tensor& of, int index) {
    const NoGrad no_grad;
    return of[index];
  };
  const Tensor x = leaf(device, {1, 2}), h = x * 2, plain = zeros({2}, {.device = device});
  const std::string changed =
      "A view was created in no_grad mode and is being modified inplace with grad mode enabled." + forbidden;
  const std::string base_changed =
      "A view was created in no_grad mode and its base or another view of its base has been modified inplace with grad "
      "mode enabled." +
      forbidden;
  CHECK(message_of([&] { without_grad_mode(x, 0).mul_(2.0); }) == changed);
  CHECK(message_of([&] { without_grad_mode(h, 0).mul_(2.0); }) == changed);
  CHECK(message_of([&] { without_grad_mode(plain, 0).mul_(x[0]); }) == changed);
  CHECK(message_of([&] { without_grad_mode(h, 0).view({1}).mul_(2.0); }) ==
        "Output 0 of View is a view of a view which was created in no_grad mode and is being modified inplace with "
        "grad mode enabled." +
            forbidden);
  const Tensor view = without_grad_mode(h, 0);
  CHECK(view.requires_grad());
  const Tensor square = view * view;
  CHECK(square.requires_grad());  // though nothing will reach x through it
  square.backward({}, true);
  CHECK_FALSE(x.grad().defined());
  const Tensor target = ones({}, {.device = device});
  h.mul_(3.0);
  CHECK(message_of([&] { view * 2; }) == base_changed);
  CHECK(message_of([&] { target.mul_(view); }) == base_changed);
  CHECK(message_of([&] { view.is_leaf(); }) == base_changed);
  CHECK(target.item() == 1);
  CHECK(message_of([&] { square.backward(); }) == base_changed);  // it cannot even be said what was changed
  {
    const NoGrad no_grad;
    without_grad_mode(x, 0).fill_(9);
    without_grad_mode(plain, 1).fill_(9);
  }
  CHECK(numbers<float>(x) == Numbers{9, 2});
}

TEST_CASE("one of several views that one operation returned is not changed in place", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const std::string several =
      " This view is the output of a function that returns multiple views. Such functions do not allow the output "
      "views to be modified inplace. You should replace the inplace operation by an out-of-place one.";
  const Tensor x = leaf(device, {1, 2}), h = x * 2, plain = zeros({2}, {.device = device});
  const Tensor second = h[1], of_plain = plain[1];
  set_one_of_several(second, 1);
  set_one_of_several(of_plain, 1);
  CHECK(message_of([&] { second.mul_(2.0); }) ==
        "Output 1 of Select is a view and is being modified inplace." + several);
  CHECK(message_of([&] { of_plain.mul_(x[0]); }) ==
        "A view was created in no_grad mode and is being modified inplace with grad mode enabled." + several);
  of_plain.mul_(2.0);  // nothing here requires a gradient
  h.mul_(2.0);
  CHECK(message_of([&] { second * 2; }) ==
        "Output 1 of Select is a view and its base or another view of its base has been modified inplace." + several);
}

TEST_CASE("what a gradient needs and what was changed since is told apart by version, and named", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const std::string type = device.is_cpu() ? "[torch." : "[torch." + std::string(name(device.type())) + ".";
  const Tensor x = leaf(device, {1, 2, 3}), h = x * 2;
  SECTION("a result that was changed in place") {
    const Tensor y = sum(h * h);
    h.add_(1.0);
    CHECK(message_of([&] { y.backward(); }) == modified(type + "FloatTensor [3]], which is output 0 of Add,", 1, 0));
  }
  SECTION("an operation's own result") {
    const Tensor y = relu(h);
    y.add_(1.0);
    CHECK(message_of([&] { sum(y).backward(); }) ==
          modified(type + "FloatTensor [3]], which is output 0 of Relu,", 1, 0));
  }
  SECTION("a leaf, of float64") {
    const Tensor factor = x.detach().to(DType::float64), y = sum(x * factor);
    factor.add_(1.0);
    CHECK(message_of([&] { y.backward(); }) == modified(type + "DoubleTensor [3]]", 1, 0));
  }
  SECTION("a view, although another part of its base was changed") {
    const Tensor first = h.narrow(0, 0, 1), y = sum(first * first);
    h.narrow(0, 1, 1).add_(1.0);
    CHECK(message_of([&] { y.backward(); }) ==
          modified(type + "FloatTensor [1]], which is output 0 of AsStrided,", 1, 0));
  }
  SECTION("the base of a changed view") {
    const Tensor y = sum(h * h);
    h.narrow(0, 1, 1).zero_();
    h.narrow(0, 1, 1).zero_();
    CHECK(message_of([&] { y.backward(); }) ==
          modified(type + "FloatTensor [3]], which is output 0 of torch::autograd::CopySlices,", 2, 0));
  }
  SECTION("nothing is said where the gradient needs no numbers") {
    const Tensor y = sum(h + h);
    h.add_(1.0);
    y.backward();
    CHECK(numbers<float>(x.grad()) == Numbers{4, 4, 4});
  }
}

TEST_CASE("a changed base's graph is freed by backward unless it is to be kept", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = leaf(device, {2, 3}), b = x * 1.0;
  b[0].add_(2.0);
  const Tensor y = sum(b);
  y.backward({}, true);
  y.backward();
  CHECK(numbers<float>(x.grad()) == Numbers{2, 2});
  CHECK(message_of([&] { y.backward(); }).rfind("Trying to backward through the graph a second time", 0) == 0);
}

TEST_CASE("a base may go before its views", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = leaf(device, {1, 2, 3});
  const Tensor last = [&] {
    const Tensor b = x * 2;
    b[2].mul_(x[0]);
    return b[2];
  }();
  last.mul_(10.0);
  last.backward();
  CHECK(numbers<float>(x.grad()) == Numbers{60, 0, 20});
}

TEST_CASE("views of whole numbers are written through, and nothing is remembered", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor whole = arange(6, {.dtype = DType::int64, .device = device}).view({2, 3});
  const Tensor x = leaf(device, {1, 2, 3});
  whole[0].fill_(7);
  whole[1].copy_(x);
  CHECK(numbers<std::int64_t>(whole) == std::vector<std::int64_t>{7, 7, 7, 1, 2, 3});
  CHECK_FALSE(whole.requires_grad());
}

TEST_CASE("detach_ takes a result or a leaf out of the graph, but not a view") {
  Tensor x = leaf("cpu", {1, 2});
  const Tensor h = x * 2;
  CHECK(message_of([&] { h[0].detach_(); }).rfind("Can't detach views in-place. Use detach() instead.", 0) == 0);
  const Tensor y = h * x;
  CHECK(h.detach_().is_same(h));
  CHECK_FALSE(h.requires_grad());
  sum(y).backward();  // was recorded before
  CHECK(numbers<float>(x.grad()) == Numbers{4, 8});
  x.detach_();
  CHECK_FALSE(x.requires_grad());
}

TEST_CASE("threads that read a view bring it up to date once") {
  const Tensor x = leaf("cpu", {1, 2, 3}), b = x * 1.0;
  for (int round = 0; round < 20; ++round) {
    const Tensor v = b[0];
    b.add_(1.0);
    std::vector<Node*> seen(4);
    std::vector<std::thread> threads;
    for (Node*& node : seen) threads.emplace_back([&node, &v] { node = v.grad_fn(); });
    for (std::thread& thread : threads) thread.join();
    CHECK(seen == std::vector<Node*>(4, v.grad_fn()));
  }
}
