// Hooks on tensors, kept gradients, and what runs when. Orders and numbers are PyTorch's.
#include <string>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"
#include "message_of.h"

using namespace cairn;

namespace {

using Numbers = std::vector<float>;
using Names = std::vector<std::string>;

Tensor leaf(std::initializer_list<float> values) { return tensor(values).requires_grad_(); }

}  // namespace

TEST_CASE("hooks see and replace a gradient in the order they were registered in", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = tensor({1.0f}).to(device).requires_grad_();
  const Tensor h = x * 2;
  Numbers seen;
  const auto look = [&](const Tensor& gradient) {
    seen.push_back(static_cast<float>(gradient.item()));
    return Tensor();
  };
  h.register_hook([&](const Tensor& gradient) { return look(gradient), gradient * 3; });
  h.register_hook(look);
  h.register_hook([&](const Tensor& gradient) { return look(gradient), gradient + 1; });
  h.retain_grad();  // sees what the hooks made of it, also of those that are registered later
  h.register_hook(look);
  (h * 5).backward();
  CHECK(seen == Numbers{5, 15, 15, 16});
  CHECK(h.grad().item() == 16);
  CHECK(x.grad().item() == 32);
}

TEST_CASE("the hook of a leaf sees each backward's whole gradient, before it is added") {
  const Tensor x = leaf({2});
  Numbers seen;
  x.register_hook([&](const Tensor& gradient) {
    seen.push_back(static_cast<float>(gradient.item()));
    return gradient * 10;
  });
  (x * x + x * 3).backward();
  (x * x + x).backward();
  CHECK(seen == Numbers{7, 5});
  CHECK(x.grad().item() == 120);
  x.backward();
  CHECK(seen == Numbers{7, 5, 1});
  CHECK(x.grad().item() == 130);
}

TEST_CASE("a hook is called once for a graph's leaf, and after what uses the leaf, as in PyTorch") {
  const Tensor a = leaf({1}), b = leaf({1});
  Names order;
  const auto named = [&](std::string name) {
    return [&order, name](const Tensor&) {
      order.push_back(name);
      return Tensor();
    };
  };
  const Tensor h = a * 2, k = h * b, m = k + a, n = m * b;
  for (const auto& [name, tensor] : {std::pair("a", a), {"b", b}, {"h", h}, {"k", k}, {"m", m}, {"n", n}})
    tensor.register_hook(named(name));
  for (const auto& [name, tensor] : {std::pair("a added", a), {"b added", b}})
    tensor.register_post_accumulate_grad_hook(named(name));
  n.backward();
  CHECK(order == Names{"n", "m", "k", "b", "b added", "h", "a", "a added"});
}

TEST_CASE("a hook is taken away by its handle, also by itself, also when its tensor is gone") {
  HookHandle nothing;
  nothing.remove();
  const Tensor x = leaf({1});
  Names seen;
  HookHandle handle;
  {
    const Tensor h = x * 2;
    handle = h.register_hook([&](const Tensor&) {
      seen.push_back("first");
      handle.remove();
      return Tensor();
    });
    h.register_hook([&](const Tensor&) {
      seen.push_back("second");
      return Tensor();
    });
    const Tensor y = h * 1.0;
    y.backward({}, true);
    y.backward();
  }
  CHECK(seen == Names{"first", "second", "second"});
  handle.remove();
  HookHandle copy = x.register_hook([&](const Tensor&) {
    seen.push_back("never");
    return Tensor();
  });
  HookHandle(copy).remove();
  copy.remove();
  (x * 2).backward();
  CHECK(seen.size() == 3);
}

TEST_CASE("a hook must return a gradient like the one it got") {
  const Tensor x = leaf({1, 2});
  const auto message_with = [&](Tensor returned) {
    HookHandle handle = x.register_hook([&](const Tensor&) { return returned; });
    const std::string message = message_of([&] { sum(x * 2).backward(); });
    handle.remove();
    return message;
  };
  CHECK(message_with(ones({3})) == "hook '0' has changed the size of value");
  CHECK(message_with(ones({2}, {.dtype = DType::float64})) ==
        "hook '0' has changed the type of value (was torch.FloatTensor got torch.DoubleTensor)");
  CHECK(message_with(ones({2}, {.dtype = DType::float16})) ==
        "hook '0' has changed the type of value (was torch.FloatTensor got torch.HalfTensor)");
  CHECK(message_with(ones({2}, {.device = "sim:0"})) ==
        "hook '0' has changed the type of value (was torch.FloatTensor got torch.sim.FloatTensor)");
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("hooks are refused where no gradient will come") {
  const auto hook = [](const Tensor&) { return Tensor(); };
  const std::string refused = "cannot register a hook on a tensor that doesn't require gradient";
  const Tensor plain = ones({2}), x = leaf({1, 2}), h = x * 2;
  CHECK(message_of([&] { plain.register_hook(hook); }) == refused);
  CHECK(message_of([&] { plain.register_post_accumulate_grad_hook(hook); }) == refused);
  CHECK(message_of([&] { h.register_post_accumulate_grad_hook(hook); }) ==
        "post accumulate grad hooks cannot be registered on non-leaf tensors");
  CHECK(message_of([&] { plain.retain_grad(); }) == "can't retain_grad on Tensor that has requires_grad=False");
}

TEST_CASE("a leaf tells when its gradient has been added, and may give it away") {
  const Tensor x = leaf({1, 2});
  std::vector<Numbers> seen;
  HookHandle handle = x.register_post_accumulate_grad_hook([&](const Tensor& leaf) {
    CHECK(leaf.is_same(x));
    seen.push_back(numbers<float>(leaf.grad()));
    leaf.set_grad({});
  });
  sum(x * 2).backward();
  sum(x * x).backward();
  CHECK(seen == std::vector<Numbers>{{2, 2}, {2, 4}});
  CHECK_FALSE(x.grad().defined());
  handle.remove();
  sum(x * 2).backward();
  CHECK(numbers<float>(x.grad()) == Numbers{2, 2});
}

TEST_CASE("a result keeps its gradient when asked, and adds to it", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = tensor({3.0f}).to(device).requires_grad_(), h = x * 2, y = h * h;
  CHECK_FALSE(h.retains_grad());
  h.retain_grad();
  h.retain_grad();
  CHECK(h.retains_grad());
  CHECK_FALSE(h.grad().defined());
  y.backward({}, true);
  CHECK(h.grad().item() == 12);
  y.backward({}, true);
  CHECK(h.grad().item() == 24);
  h.grad().fill_(1);  // its own: nobody else's gradient
  CHECK(x.grad().item() == 48);
  h.set_grad({});
  y.backward();
  CHECK(h.grad().item() == 12);
  h.detach_();
  CHECK_FALSE(h.retains_grad());
  CHECK(h.grad().item() == 12);
  x.retain_grad();  // a leaf keeps its gradient anyway
  CHECK_FALSE(x.retains_grad());
}

TEST_CASE("after a change in place a kept gradient is that of the new value; a hook stays with the old") {
  const Tensor x = leaf({1, 2});
  Numbers hooked;
  const auto look = [&](const Tensor& gradient) {
    hooked = numbers<float>(gradient);
    return Tensor();
  };
  SECTION("of the tensor itself") {
    const Tensor h = x * 2;
    h.retain_grad();
    h.register_hook(look);
    const Tensor before = h * 3;
    h.mul_(5.0);
    backward({sum(before), sum(h)});
    CHECK(numbers<float>(h.grad()) == Numbers{1, 1});
    CHECK(hooked == Numbers{8, 8});
  }
  SECTION("of its base") {
    const Tensor h = x * 2, v = h[0];
    v.retain_grad();
    v.register_hook(look);
    const Tensor before = v * 3;
    h.mul_(5.0);
    backward({before, sum(h), v * 7});
    CHECK(v.grad().item() == 7);
    CHECK(hooked == Numbers{3});
  }
  SECTION("of a view") {
    const Tensor h = x * 2, v = h[0];
    h.retain_grad();
    h.register_hook(look);
    const Tensor before = h * 3;
    v.mul_(5.0);
    backward({sum(before), sum(h), v * 7});
    CHECK(numbers<float>(h.grad()) == Numbers{8, 1});
    CHECK(hooked == Numbers{43, 4});
  }
}

TEST_CASE("gradient mode is off in a hook, and a hook may call backward itself") {
  const Tensor w = leaf({1}), x = leaf({2});
  SECTION("on another graph") {
    const Tensor y = x * 5;
    y.register_hook([&](const Tensor& gradient) {
      CHECK_FALSE(is_grad_enabled());
      const EnableGrad enable;
      (w * w * 3).backward();
      return gradient;
    });
    (y * w).backward();
    CHECK(x.grad().item() == 5);
    CHECK(w.grad().item() == 16);
  }
  SECTION("on the graph that is being walked") {
    const Tensor h = x * 2;
    int calls = 0;
    h.register_hook([&](const Tensor&) {
      if (++calls == 1) {
        const EnableGrad enable;
        (h * 5).backward({}, true);
      }
      return Tensor();
    });
    (h * 3).backward();
    CHECK(calls == 2);
    CHECK(x.grad().item() == 16);
  }
  SECTION("while a gradient waits for its second part") {
    // k's hook runs when h has got one of its two parts; the walk it starts leaves that part where it was.
    const Tensor h = x * 2, k = h * 3, sum_of_both = k + h;
    k.register_hook([&](const Tensor&) {
      const EnableGrad enable;
      (h * 100).backward({}, true);
      CHECK(grad({h * 7}, {x}, {}, {.retain_graph = true})[0].item() == 14);
      return Tensor();
    });
    sum_of_both.backward();
    CHECK(x.grad().item() == 8 + 200);
  }
  SECTION("and asks for a part of the graph while another part is asked for") {
    const Tensor h = x * w, k = h * 3;
    k.register_hook([&](const Tensor&) {
      const EnableGrad enable;
      (h * 10).backward({}, true);
      return Tensor();
    });
    CHECK(grad({k}, {x})[0].item() == 3);
    CHECK(x.grad().item() == 10);
    CHECK(w.grad().item() == 20);
  }
}

TEST_CASE("a hook that throws leaves its graph, and whatever else, usable") {
  const Tensor x = leaf({1}), h = x * 2, k = h * 3, y = k + h;
  HookHandle handle = k.register_hook([](const Tensor&) -> Tensor { throw ValueError("no"); });
  CHECK(message_of([&] { y.backward({}, true); }) == "no");
  CHECK(message_of([&] { grad({y}, {x}, {}, {.retain_graph = true}); }) == "no");
  handle.remove();
  x.set_grad({});
  y.backward();
  CHECK(x.grad().item() == 8);
}
