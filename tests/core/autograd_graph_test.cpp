// Large graphs, long lives, several threads, and errors on the way.
#include <atomic>
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

constexpr int many = 100000;

Tensor leaf(std::initializer_list<float> values) { return tensor(values).requires_grad_(); }

void failing_gradient(Node&, const Tensor&, Tensor*) { throw ValueError("this gradient fails"); }

/// x * 1, with a gradient function that throws.
Tensor fails_going_back(const Tensor& x) {
  Tensor y = x.detach().clone();
  record(y, "FailingBackward0", failing_gradient, {&x});
  return y;
}

void passing_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  for (int i = 0; i < node.edge_count(); ++i)
    if (node.needs(i)) gradients[i] = gradient;
}

/// The sum of any number of tensors, as one node.
Tensor sum_of(const std::vector<Tensor>& tensors) {
  Tensor y = zeros_like(tensors[0]);
  {
    const NoGrad no_grad;
    for (const Tensor& each : tensors) y.add_(each);
  }
  std::vector<const Tensor*> inputs;
  for (const Tensor& each : tensors) inputs.push_back(&each);
  record(y, "SumOfBackward0", passing_gradient, inputs);
  return y;
}

}  // namespace

TEST_CASE("a chain of 100,000 nodes is walked, asked for a gradient, changed and freed without recursion") {
  const Tensor x = leaf({1});
  SECTION("walked") {
    Tensor y = x;
    for (int i = 0; i < many; ++i) y = y * 1.0;
    y.backward({}, true);
    CHECK(x.grad().item() == 1);
    CHECK(grad({y}, {x})[0].item() == 1);
  }
  SECTION("dropped without a walk") {
    Tensor y = x;
    for (int i = 0; i < many; ++i) y = y * y;
  }
  SECTION("dropped after an error half way") {
    Tensor y = x;
    for (int i = 0; i < many; ++i) y = i == many / 2 ? fails_going_back(y) : y + 0.5;
    CHECK_THROWS_AS(y.backward(), ValueError);
    CHECK_FALSE(x.grad().defined());
  }
  SECTION("changed in place, all of it") {
    const Tensor y = x * 1.0;
    for (int i = 0; i < many; ++i) y.add_(x);
    y.backward();
    CHECK(x.grad().item() == 1 + many);
  }
  SECTION("changed in place, through a view") {
    const Tensor y = x * 1.0, v = y[0];
    for (int i = 0; i < many; ++i) v.add_(0.5);
    v.backward();
    CHECK(x.grad().item() == 1);
  }
  SECTION("held by saved tensors alone: each has been changed since, so its newest node is nobody else's") {
    Tensor y = x;
    for (int i = 0; i < many; ++i) {
      const Tensor h = y * 1.0;
      y = h[0].view({1}) * x;  // saves a view of h
      h.add_(1.0);
    }
  }
}

TEST_CASE("a graph 100,000 nodes wide is walked and freed") {
  const Tensor x = leaf({1});
  std::vector<Tensor> terms;
  for (int i = 0; i < many; ++i) terms.push_back(x * 2.0);
  SECTION("backward") {
    const Tensor y = sum_of(terms);
    terms.clear();
    y.backward();
    CHECK(x.grad().item() == 2 * many);
  }
  SECTION("the gradients of some") {
    const std::vector<Tensor> gradients = grad({sum_of(terms)}, {terms[3], x, terms[many - 1]});
    CHECK(gradients[0].item() == 1);
    CHECK(gradients[1].item() == 2 * many);
    CHECK(gradients[2].item() == 1);
  }
  SECTION("several roots") {
    backward(terms);
    CHECK(x.grad().item() == 2 * many);
  }
}

TEST_CASE("of a node with very many inputs only those gradients are used that were asked for") {
  std::vector<Tensor> leaves;
  for (int i = 0; i < 200; ++i) leaves.push_back(leaf({1}));
  const Tensor y = sum_of(leaves);
  for (const int asked : {0, 62, 63, 64, 199}) {
    CHECK(grad({y}, {leaves[static_cast<std::size_t>(asked)]}, {}, {.retain_graph = true})[0].item() == 1);
  }
  y.backward();
  for (const Tensor& each : leaves) CHECK(each.grad().item() == 1);
}

TEST_CASE("nodes run from the one made last to the one made first, and each once") {
  const Tensor x = leaf({1});
  std::vector<int> order;
  const auto numbered = [&](const Tensor& tensor, int number) {
    tensor.register_hook([&order, number](const Tensor&) {
      order.push_back(number);
      return Tensor();
    });
    return tensor;
  };
  const Tensor a = numbered(x * 1.0, 1), b = numbered(a * 1.0, 2), c = numbered(a * 1.0, 3), d = numbered(b * 1.0, 4);
  numbered(c + d + b + a, 5).backward();
  CHECK(order == std::vector<int>{5, 4, 3, 2, 1});
  CHECK(x.grad().item() == 4);
}

TEST_CASE("after a gradient function has thrown, everything can be used as before") {
  const Tensor x = leaf({1}), h = x * 2, bad = fails_going_back(h), y = bad + h * 3;
  CHECK(message_of([&] { y.backward({}, true); }) == "this gradient fails");
  CHECK(message_of([&] { grad({y}, {x}, {}, {.retain_graph = true}); }) == "this gradient fails");
  x.set_grad({});
  (h * 3).backward();  // h's node had got a part of its gradient when the walk was given up
  CHECK(x.grad().item() == 6);
}

TEST_CASE("a gradient left undefined is zero") {
  const Tensor x = leaf({1}), w = leaf({1});
  Tensor y = x.detach().clone();
  const Tensor h = x * 2;
  record(y, "SilentBackward0", [](Node&, const Tensor& gradient, Tensor* gradients) { gradients[1] = gradient; },
         {&h, &w});
  w.set_grad(tensor({5.0f}));
  (y + w + h).backward();
  CHECK(x.grad().item() == 2);
  CHECK(w.grad().item() == 7);
}

TEST_CASE("a graph outlives its tensors, and nothing outlives the graph") {
  static int alive;
  alive = 0;
  const auto counted = [] {
    ++alive;
    static float number = 1;
    return from_borrowed(&number, {1}, DType::float32, [](void*) { --alive; });
  };
  const Tensor x = leaf({2});
  {
    const Tensor y = (x * counted()) * (x * counted());
    CHECK(alive == 2);
    y.backward({}, true);
    CHECK(alive == 2);
    y.backward();
    CHECK(alive == 0);  // what was saved is freed by the walk, though y is still there
  }
  {
    const Tensor base = counted().requires_grad_() * counted(), view = base[0];
    view.mul_(counted()[0]);
    view.register_hook([keeps = counted()](const Tensor&) { return Tensor(); });
    CHECK(alive == 4);
  }
  CHECK(alive == 0);
  {
    // A tensor that is changed by what was computed from it would hold itself if that had kept it whole.
    const Tensor h = x * 1.0, factor = counted();
    h.add_(h * factor);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("threads compute, walk and free graphs of their own") {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&right, t] {
      for (int round = 0; round < 200; ++round) {
        const Tensor x = tensor({static_cast<float>(t), 1.0f}).requires_grad_();
        const Tensor h = x * 2;
        h[1].mul_(x[0]);
        sum(h).backward();
        if (numbers<float>(x.grad()) == std::vector<float>{4, static_cast<float>(2 * t)}) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 4 * 200);
}

TEST_CASE("threads that share a leaf each add their gradient to it") {
  const Tensor x = leaf({1, 2, 3});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&x] {
      for (int round = 0; round < 250; ++round) sum(x * 2 + x).backward();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(numbers<float>(x.grad()) == std::vector<float>(3, 3000));
}

TEST_CASE("a graph may be begun on one thread and walked on another") {
  const Tensor x = leaf({1});
  Tensor h, y;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) h = x * 1.0;  // higher numbers than any node of this thread
    h = (x * 2) * 3;
  }).join();
  y = h * 5 + x;
  std::thread([&] { y.backward(); }).join();
  CHECK(x.grad().item() == 31);
}
