// grad() and backward() of several tensors. All numbers and texts are PyTorch's.
#include <string>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"
#include "message_of.h"

using namespace cairn;

namespace {

using Numbers = std::vector<float>;

Tensor leaf(std::initializer_list<float> values) { return tensor(values).requires_grad_(); }

std::string unused(int index) {
  return "The differentiated Tensor at index " + std::to_string(index) +
         " appears to not have been used in the graph. Set allow_unused=True if this is the desired behavior.";
}
const std::string second_time = "Trying to backward through the graph a second time";

}  // namespace

TEST_CASE("grad gives the gradients of leaves and of results, and leaves grad alone", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = tensor({1.0f, 2.0f, 3.0f}).to(device).requires_grad_();
  const Tensor h = x * 2, k = h * h, y = sum(k);
  const std::vector<Tensor> gradients = grad({y}, {h, x, k});
  CHECK(numbers<float>(gradients[0]) == Numbers{4, 8, 12});
  CHECK(numbers<float>(gradients[1]) == Numbers{8, 16, 24});
  CHECK(numbers<float>(gradients[2]) == Numbers{1, 1, 1});
  for (const Tensor& gradient : gradients) {
    CHECK(gradient.device() == device);
    CHECK_FALSE(gradient.requires_grad());
  }
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("several outputs' gradients flow together, weighted as given") {
  const Tensor x = leaf({1}), w = leaf({2}), h = x * w, y = h * w;
  const std::vector<Tensor> gradients = grad({y, h}, {x, w}, {tensor({10.0f}), {}}, {.retain_graph = true});
  CHECK(gradients[0].item() == 42);
  CHECK(gradients[1].item() == 41);
  backward({y, h, y}, {tensor({10.0f}), {}, tensor({1.0f})}, true);
  CHECK(x.grad().item() == 46);
  CHECK(w.grad().item() == 45);
  backward({});  // nothing asked, nothing done
  backward({x, y});
  CHECK(x.grad().item() == 51);
}

TEST_CASE("an output is its own input, and an input may be asked for twice") {
  const Tensor x = leaf({3, 4}), y = sum(x * x);
  CHECK(grad({y}, {y}, {}, {.retain_graph = true})[0].item() == 1);
  CHECK(numbers<float>(grad({x}, {x}, {tensor({5.0f, 6.0f})})[0]) == Numbers{5, 6});
  const std::vector<Tensor> twice = grad({y}, {x, x});
  CHECK(numbers<float>(twice[0]) == Numbers{6, 8});
  twice[0].fill_(0);  // each has its own numbers
  CHECK(numbers<float>(twice[1]) == Numbers{6, 8});
}

TEST_CASE("gradients that are equal are not the same, and may be written") {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4}), given = ones({2});
  const std::vector<Tensor> gradients = grad({x + y}, {x, y}, {given});
  gradients[0].fill_(7);
  CHECK(numbers<float>(gradients[1]) == Numbers{1, 1});
  CHECK(numbers<float>(given) == Numbers{1, 1});
  const Tensor reshaped = grad({sum(x.view({1, 2}))}, {x})[0];
  reshaped.mul_(x.detach().requires_grad_());  // no view of anything, whose changing autograd would forbid
  CHECK(reshaped.requires_grad());
}

TEST_CASE("what is between outputs and inputs is walked, nothing else") {
  const Tensor x = leaf({3}), w = leaf({2}), hx = x * x, hw = w * w, y = hx * 1.0 + hw * 1.0;
  int seen = 0;
  hw.register_hook([&](const Tensor&) {
    ++seen;
    return Tensor();
  });
  CHECK(grad({y}, {x})[0].item() == 6);
  CHECK(seen == 0);
  CHECK(grad({hw}, {w})[0].item() == 4);  // so its graph is still there
  CHECK(seen == 1);
  CHECK(message_of([&] { grad({hx}, {x}); }).rfind(second_time, 0) == 0);
}

TEST_CASE("a node computes only the gradients that were asked for") {
  const Tensor a = leaf({2}), b = leaf({3}), y = a * b;
  {
    const NoGrad no_grad;
    a.add_(1.0);  // b's gradient would need it
  }
  CHECK(grad({y}, {a}, {}, {.retain_graph = true})[0].item() == 3);
  CHECK_THROWS_AS(grad({y}, {b}, {}, {.retain_graph = true}), AutogradError);
  CHECK_THROWS_AS(y.backward(), AutogradError);  // asks for both again
}

TEST_CASE("a graph is freed where it was walked, unless it is to be kept") {
  const Tensor x = leaf({3}), h = x * x, y = h * h;
  grad({y}, {h});
  CHECK(grad({h}, {x})[0].item() == 6);
  CHECK(message_of([&] { grad({y}, {h}); }).rfind(second_time, 0) == 0);
}

TEST_CASE("an input that was not used is an error, or undefined") {
  const Tensor x = leaf({1}), other = leaf({5}), y = x * 2;
  CHECK(message_of([&] { grad({y}, {other}, {}, {.retain_graph = true}); }) == unused(0));
  CHECK(message_of([&] { grad({y}, {x, other}, {}, {.retain_graph = true}); }) == unused(1));
  const std::vector<Tensor> gradients = grad({y}, {other, x, other * 2}, {}, {.allow_unused = true});
  CHECK_FALSE(gradients[0].defined());
  CHECK(gradients[1].item() == 2);
  CHECK_FALSE(gradients[2].defined());
  CHECK(grad({x * 3}, {x})[0].item() == 3);  // and nothing is left of the unused ones
  CHECK((other * 2).requires_grad());
}

TEST_CASE("a changed tensor is another one to grad, as it is to the graph") {
  const Tensor x = leaf({1, 2}), h = x * 2, k = sum(h * 3.0);
  h.mul_(4.0);
  CHECK_FALSE(grad({k}, {h}, {}, {.retain_graph = true, .allow_unused = true})[0].defined());
  const Tensor v = h[0];
  h.mul_(5.0);
  CHECK(grad({sum(h) + v * 10}, {v})[0].item() == 10);  // of v itself; what reaches h otherwise is not v's
}

TEST_CASE("hooks of a tensor whose gradient is asked for run, those that tell of added ones do not") {
  const Tensor x = leaf({2}), h = x * 3;
  bool told = false;
  x.register_hook([](const Tensor& gradient) { return gradient * 10; });
  x.register_post_accumulate_grad_hook([&](const Tensor&) { told = true; });
  h.register_hook([](const Tensor& gradient) { return gradient * 2; });
  CHECK(grad({h}, {x}, {}, {.retain_graph = true})[0].item() == 60);
  CHECK_FALSE(told);
  // PyTorch's own rule: where the walk ends at a result its hooks have had their say, where it goes on they have not.
  CHECK(grad({h}, {h}, {}, {.retain_graph = true})[0].item() == 2);
  const std::vector<Tensor> both = grad({h}, {h, x}, {}, {.retain_graph = true});
  CHECK(both[0].item() == 1);
  CHECK(both[1].item() == 60);
  h.retain_grad();
  grad({h}, {x});
  CHECK(h.grad().item() == 2);
}

TEST_CASE("backward and grad say what is wrong in PyTorch's words", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = ones({2, 3}, {.device = device, .requires_grad = true});
  const Tensor plain = ones({1}, {.device = device}), y = sum(x);
  const auto of_backward = [](const std::vector<Tensor>& tensors, const std::vector<Tensor>& gradients) {
    return message_of([&] { backward(tensors, gradients, true); });
  };
  CHECK(of_backward({x * 2, y}, {}) == "grad can be implicitly created only for scalar outputs");
  CHECK(of_backward({y, y}, {Tensor()}) == "got 2 tensors and 1 gradients");
  CHECK(of_backward({y, plain}, {}) == "element 1 of tensors does not require grad and does not have a grad_fn");
  CHECK(of_backward({y, x * 2}, {Tensor(), ones({3}, {.device = device})}) ==
        "Mismatch in shape: grad_output[1] has a shape of torch.Size([3]) and output[1] has a shape of "
        "torch.Size([2, 3]).");
  CHECK(of_backward({x * 2}, {ones({2, 3}, {.device = "meta"})}) ==
        "invalid gradient at index 0 - expected device " + to_string(device) + " but got meta");
  CHECK(message_of([&] { grad({y}, {}); }) == "`inputs` argument to `grad()` cannot be empty.");
  CHECK(message_of([&] { grad({y}, {plain}); }) == "One of the differentiated Tensors does not require grad");
  CHECK(message_of([&] { grad({plain}, {x}); }) ==
        "element 0 of tensors does not require grad and does not have a grad_fn");
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("what a tensor is given as its gradient must be like it", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = ones({2}, {.device = device, .requires_grad = true});
  const std::string here(name(device.type()));
  CHECK(message_of([&] { x.set_grad(x); }) == "can't assign Variable as its own grad");
  CHECK(message_of([&] { x.set_grad(ones({3}, {.device = device})); }) ==
        "attempting to assign a gradient of size '[3]' to a tensor of size '[2]'. Please ensure that the gradient and "
        "the tensor are the same size");
  CHECK(message_of([&] { x.set_grad(ones({2}, {.device = "meta"})); }) ==
        "attempting to assign a gradient with device type 'meta' to a tensor with device type '" + here +
            "'. Please ensure that the gradient and the tensor are on the same device");
  const auto of_dtype = [&](DType dtype) {
    const std::string message = message_of([&] { x.set_grad(ones({2}, {.dtype = dtype, .device = device})); });
    return message.substr(0, message.find(". "));
  };
  CHECK(of_dtype(DType::float64) ==
        "attempting to assign a gradient with dtype 'double' to a tensor with grad_dtype 'Float'");
  CHECK(of_dtype(DType::bfloat16) ==
        "attempting to assign a gradient with dtype 'c10::BFloat16' to a tensor with grad_dtype 'Float'");
  CHECK(of_dtype(DType::int64) ==
        "attempting to assign a gradient with dtype 'long int' to a tensor with grad_dtype 'Float'");
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("a gradient is added in place to the one that is there") {
  const Tensor x = leaf({1, 2}), there = ones({2});
  x.set_grad(there);
  sum(x * 2 + x * x).backward();
  CHECK(x.grad().is_same(there));
  CHECK(numbers<float>(there) == Numbers{5, 7});
}

TEST_CASE("parts of a leaf's gradient are added up before they are added to what is there, as in PyTorch") {
  // In float32 2^24 + 1 is 2^24, but 2^24 + 2 is not.
  const Tensor x = leaf({1});
  x.set_grad(tensor({16777216.0f}));
  (x * 1.0 + x * 1.0).backward();
  CHECK(x.grad().item() == 16777218);
}

TEST_CASE("requires_grad is a leaf's to change, and no whole number's") {
  Tensor x = leaf({1, 2}), h = x * 2;
  CHECK(message_of([&] { h.requires_grad_(false); }).rfind("you can only change requires_grad flags of leaf", 0) == 0);
  h.requires_grad_();  // does already
  CHECK(message_of([&] { ones({1}, {.dtype = DType::int64}).requires_grad_(); }) ==
        "only Tensors of floating point dtype can require gradients");
  x.requires_grad_(false);
  sum(h).backward();  // h was computed when x still did
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("a leaf that became a result gets no gradient as a leaf") {
  Tensor x = leaf({1, 2});
  const Tensor y = sum(x * 2);
  x.requires_grad_(false);
  x.mul_(leaf({3, 4}));
  CHECK(message_of([&] { y.backward(); }) == "leaf variable has been moved into the graph interior");
}

TEST_CASE("SetGradEnabled turns gradient mode on and off, and back") {
  const Tensor x = leaf({1});
  {
    const SetGradEnabled off(false);
    CHECK_FALSE(is_grad_enabled());
    const SetGradEnabled on(true);
    CHECK((x * 2).requires_grad());
  }
  CHECK(is_grad_enabled());
}
