// Functions called around forward, backward, saving and loading; the numbers and texts are PyTorch's. hooks.cpp.
#include <cairn/nn/hooks.h>

#include <optional>
#include <tuple>

#include <cairn/core/autograd.h>

#include "catch.h"
#include "models.h"

using namespace cairn;
using models::MyModel;
using models::values;
using nn::Tensors;

namespace {

/// Two inputs and a number in, two tensors out.
struct Pair : nn::Module {
  using nn::Module::forward;
  std::pair<Tensor, Tensor> forward(const Tensor& a, double factor, const std::optional<Tensor>& b) {
    return {a * factor, b ? *b * 2 : a};
  }
};

struct Holder : nn::Module {
  nn::Child<Pair> pair{this, "pair"};
};

struct Count : nn::Module {
  using nn::Module::forward;
  void forward(std::vector<Tensor>& tensors) { tensors.push_back(ones({1})); }
};

struct Counter : nn::Module {
  nn::Child<Count> count{this, "count"};
};

/// weight [[1, 2], [3, 4]], no bias.
struct Fixed : nn::Module {
  nn::Child<nn::Linear> fc{this, "fc", 2, 2, nn::LinearOptions{.bias = false}};
  explicit Fixed(Device device = {}) {
    fc->weight = tensor({1.0f, 2.0f, 3.0f, 4.0f}).reshape({2, 2});
    to(device);
  }
  Tensor forward(const Tensor& x) override { return fc(x); }
};

}  // namespace

TEST_CASE("forward hooks see what goes in and what comes out", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Fixed model(device);
  std::vector<std::string> order;
  model.fc->register_forward_pre_hook([&](nn::Module& module, const Tensors& inputs) {
    CHECK(&module == &*model.fc);
    CHECK(values(inputs.at(0)) == std::vector<float>{1, 1});
    order.push_back("pre");
  });
  model.fc->register_forward_hook([&](nn::Module&, const Tensors& inputs, const Tensor& output) {
    CHECK(inputs.size() == 1);
    CHECK(values(output) == std::vector<float>{3, 7});
    order.push_back("post");
  });
  model.fc->register_forward_hook(
      [&](nn::Module&, const Tensors&, const Tensors& outputs) {
        CHECK(outputs.size() == 1);
        order.push_back("first");
      },
      true);
  model.register_forward_hook([&](nn::Module&, const Tensors&, const Tensor&) { order.push_back("outer"); });
  CHECK(values(model(ones({1, 2}, {.device = device}))) == std::vector<float>{3, 7});
  CHECK(order == std::vector<std::string>{"pre", "first", "post", "outer"});
}

TEST_CASE("forward hooks may replace what goes in and what comes out") {
  Fixed model;
  model.fc->register_forward_pre_hook([](nn::Module&, const Tensors& inputs) { return inputs[0] * 2; });
  model.fc->register_forward_hook([](nn::Module&, const Tensors& inputs, const Tensor& output) {
    CHECK(values(inputs[0]) == std::vector<float>{2, 2});
    return output + 1;
  });
  CHECK(values(model(ones({1, 2}))) == std::vector<float>{7, 15});
}

TEST_CASE("a handle takes its hook away, and may outlive the module") {
  nn::RemovableHandle handle, other;
  int calls = 0;
  {
    Fixed model;
    handle = model.fc->register_forward_hook([&](nn::Module&, const Tensors&, const Tensor&) { ++calls; });
    other = model.fc->register_forward_pre_hook([&](nn::Module&, const Tensors&) { other.remove(); });
    model(ones({1, 2}));
    CHECK(calls == 1);
    handle.remove();
    handle.remove();
    model(ones({1, 2}));
    CHECK(calls == 1);
    handle = model.register_forward_hook([&](nn::Module&, const Tensors&, const Tensor&) { ++calls; });
  }
  handle.remove();
  nn::RemovableHandle().remove();
}

TEST_CASE("hooks stand around a forward of whatever signature") {
  Holder holder;
  std::size_t seen = 0;
  holder.pair->register_forward_pre_hook([&](nn::Module&, const Tensors& inputs) {
    seen = inputs.size();
    Tensors replaced = inputs;
    replaced[0] = inputs[0] + 1;
    return replaced;
  });
  holder.pair->register_forward_hook([](nn::Module&, const Tensors&, const Tensors& outputs) {
    return Tensors{outputs[1], outputs[0]};
  });
  const Tensor a = ones({1});
  auto [first, second] = holder.pair(a, 3.0, std::optional<Tensor>(full({1}, 5)));
  CHECK(seen == 2);
  CHECK(first.item() == 10);
  CHECK(second.item() == 6);
  CHECK(a.item() == 1);
  CHECK(holder.pair(a, 3.0, std::nullopt).first.item() == 2);
  CHECK(seen == 1);

  Counter counter;
  counter.count->register_forward_hook(
      [&](nn::Module&, const Tensors& inputs, const Tensors& outputs) { seen = 100 * inputs.size() + outputs.size(); });
  std::vector<Tensor> none;
  counter.count(none);
  CHECK(seen == 0);

  nn::MSELoss loss;
  loss.register_forward_hook([](nn::Module&, const Tensors& inputs, const Tensor&) { CHECK(inputs.size() == 2); });
  loss.register_forward_hook([](nn::Module&, const Tensors&, const Tensor& output) { return output * 10; });
  CHECK(loss(ones({2}), zeros({2})).item() == 10);
}

TEST_CASE("a forward hook that takes one output is no use to a module of two") {
  Holder holder;
  holder.pair->register_forward_hook([](nn::Module&, const Tensors&, const Tensor&) {});
  CHECK_THROWS_WITH(holder.pair(ones({1}), 1.0, std::nullopt), Catch::Matchers::Contains("the module returned 2"));
}

TEST_CASE("full backward hooks see the gradients of inputs and outputs, and may replace them", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Fixed model(device);
  const Tensor x = ones({1, 2}, {.device = device, .requires_grad = true});
  int calls = 0;
  SECTION("as they are") {
    model.fc->register_full_backward_hook(
        [&](nn::Module& module, const Tensors& grad_input, const Tensors& grad_output) {
          CHECK(&module == &*model.fc);
          CHECK(values(grad_input.at(0)) == std::vector<float>{4, 6});
          CHECK(values(grad_output.at(0)) == std::vector<float>{1, 1});
          ++calls;
        });
    const Tensor y = model(x);
    CHECK(calls == 0);
    y.sum().backward(Tensor(), true);
    y.sum().backward();
    CHECK(calls == 2);
    CHECK(values(x.grad()) == std::vector<float>{8, 12});
    CHECK(values(model.fc->weight.grad()) == std::vector<float>{2, 2, 2, 2});
  }
  SECTION("replaced on the way in") {
    model.fc->register_full_backward_pre_hook(
        [&](nn::Module&, const Tensors& grad_output) { return grad_output[0] * 10; });
    model.fc->register_full_backward_hook([&](nn::Module&, const Tensors&, const Tensors& grad_output) {
      CHECK(values(grad_output.at(0)) == std::vector<float>{10, 10});
    });
    model(x).sum().backward();
    CHECK(values(x.grad()) == std::vector<float>{40, 60});
    CHECK(values(model.fc->weight.grad()) == std::vector<float>{10, 10, 10, 10});
  }
  SECTION("replaced on the way out") {
    model.fc->register_full_backward_hook(
        [&](nn::Module&, const Tensors& grad_input, const Tensors&) { return grad_input[0] * 10; });
    model(x).sum().backward();
    CHECK(values(x.grad()) == std::vector<float>{40, 60});
    CHECK(values(model.fc->weight.grad()) == std::vector<float>{1, 1, 1, 1});
  }
}

TEST_CASE("full backward hooks see all inputs and outputs of a module at once") {
  Holder holder;
  const Tensor a = ones({1}, {.requires_grad = true}), b = ones({1}, {.requires_grad = true});
  int calls = 0;
  holder.pair->register_full_backward_hook([&](nn::Module&, const Tensors& grad_input, const Tensors& grad_output) {
    ++calls;
    REQUIRE(grad_input.size() == 2);
    REQUIRE(grad_output.size() == 2);
    CHECK(grad_output[0].item() == 1);
    CHECK(grad_output[1].item() == 7);
    CHECK(grad_input[0].item() == 3);
    CHECK(grad_input[1].item() == 14);
    return Tensors{grad_input[1], grad_input[0]};
  });
  auto [first, second] = holder.pair(a, 3.0, std::optional<Tensor>(b));
  (first + second * 7).sum().backward();
  CHECK(calls == 1);
  CHECK(a.grad().item() == 14);
  CHECK(b.grad().item() == 3);
}

TEST_CASE("the gradient of what takes no part is undefined to a backward hook") {
  Holder holder;
  const Tensor a = ones({1}, {.requires_grad = true}), constant = ones({1});
  int calls = 0;
  holder.pair->register_full_backward_hook([&](nn::Module&, const Tensors& grad_input, const Tensors& grad_output) {
    ++calls;
    CHECK(grad_input.at(0).item() == 3);
    CHECK_FALSE(grad_input.at(1).defined());
    CHECK_FALSE(grad_output.at(1).defined());
  });
  holder.pair(a, 3.0, std::optional<Tensor>(constant)).first.sum().backward();
  CHECK(calls == 1);
}

TEST_CASE("a backward hook of a module whose inputs need no gradient runs on those of its outputs") {
  Fixed model;
  int calls = 0;
  model.fc->register_full_backward_hook([&](nn::Module&, const Tensors& grad_input, const Tensors& grad_output) {
    ++calls;
    REQUIRE(grad_input.size() == 1);
    CHECK_FALSE(grad_input[0].defined());
    CHECK(values(grad_output.at(0)) == std::vector<float>{1, 1});
  });
  model(ones({1, 2})).sum().backward();
  CHECK(calls == 1);
  {
    const NoGrad no_grad;
    CHECK_FALSE(model(ones({1, 2})).requires_grad());
  }
  model.fc->register_full_backward_hook([](nn::Module&, const Tensors&, const Tensors&) { return ones({1, 2}); });
  CHECK_THROWS_WITH(model(ones({1, 2})).sum().backward(),
                    "Backward hook for Modules where no input requires gradient should always return None or None for "
                    "all gradients.");
}

TEST_CASE("hooks that return another number of tensors are told so") {
  Fixed model;
  const Tensor x = ones({1, 2}, {.requires_grad = true});
  const auto two = [](nn::Module&, const Tensors& first, const auto&...) { return Tensors{first[0], first[0]}; };
  SECTION("full backward hook") {
    model.fc->register_full_backward_hook(two);
    CHECK_THROWS_WITH(model(x).sum().backward(),
                      "Backward hook returned an invalid number of grad_input, got 2, but expected 1");
  }
  SECTION("full backward pre-hook") {
    model.fc->register_full_backward_pre_hook(two);
    CHECK_THROWS_WITH(model(x).sum().backward(),
                      "Backward pre hook returned an invalid number of grad_output, got 2, but expected 1");
  }
  SECTION("forward pre-hook") {
    model.fc->register_forward_pre_hook(two);
    CHECK_THROWS_WITH(model(x), "Forward pre hook returned an invalid number of inputs, got 2, but expected 1");
  }
}

TEST_CASE("with backward hooks, what a module returns may not be changed in place") {
  Fixed model;
  model.fc->register_full_backward_hook([](nn::Module&, const Tensors&, const Tensors&) {});
  Tensor y = model.fc(ones({1, 2}));
  CHECK_THROWS_AS(y.add_(1), AutogradError);
}

TEST_CASE("a graph outlives its module, whose backward hooks are then not called") {
  int calls = 0;
  Tensor y;
  const Tensor x = ones({1, 2}, {.requires_grad = true});
  {
    Fixed model;
    model.fc->register_full_backward_hook([&](nn::Module&, const Tensors&, const Tensors&) { ++calls; });
    y = model(x);
  }
  y.sum().backward();
  CHECK(calls == 0);
  CHECK(values(x.grad()) == std::vector<float>{4, 6});
}

TEST_CASE("a copy has the hooks of its original, and a moved module keeps them") {
  Fixed model;
  std::vector<const nn::Module*> called;
  const auto handle = model.register_forward_hook(
      [&](nn::Module& module, const Tensors&, const Tensor&) { called.push_back(&module); });
  Fixed copy = model, assigned;
  assigned = model;
  nn::RemovableHandle(handle).remove();
  model(ones({1, 2}));
  copy(ones({1, 2}));
  assigned(ones({1, 2}));
  const Fixed* before = &copy;
  Fixed moved = std::move(copy);
  moved(ones({1, 2}));
  CHECK(called == std::vector<const nn::Module*>{before, &assigned, &moved});
}

TEST_CASE("state dict hooks run before a module's entries and after all below it") {
  MyModel model;
  std::vector<std::string> order;
  model.fc1->register_state_dict_pre_hook([&](nn::Module& module, const std::string& prefix, bool keep_vars) {
    CHECK(&module == &*model.fc1);
    order.push_back(prefix + (keep_vars ? "keep" : "detach"));
  });
  model.register_state_dict_post_hook(
      [&](nn::Module&, StateDict& state, const std::string& prefix, Dict& local_metadata) {
        order.push_back("post" + prefix);
        CHECK(state.size() == 4);
        CHECK(local_metadata.at("version").as_int() == 1);
        local_metadata.set("layout", "new");
        state.set(prefix + "extra", 7);
        state.pop(prefix + "fc2.bias");
      });
  const StateDict state = model.state_dict();
  CHECK(state.keys() == std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight", "extra"});
  CHECK(state.metadata().at("")["layout"].as_text() == "new");
  model.state_dict("net.", true);
  CHECK(order == std::vector<std::string>{"fc1.detach", "post", "net.fc1.keep", "postnet."});
}
