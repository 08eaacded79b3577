// Hooks around forward and backward.
//
// A backward hook wants the gradients of all of a module's inputs, or outputs, at once, and may replace them; but a
// gradient arrives tensor by tensor. So the tensors pass through a gate, which has two floors:
//
//   a ──┐           ┌──► [part] ──► a'     forward: a' is a, another handle
//       ├──► [gate] ┤
//   b ──┘           └──► [part] ──► b'     backward: each part puts the gradient of its tensor down; the gate, made
//                                          first and so run last, shows all of them and passes on what is left
//
// The module's inputs pass through one gate before forward, its outputs through another one after it.
#include <cairn/nn/hooks.h>

#include <algorithm>

#include <cairn/core/autograd.h>
#include <cairn/core/graph.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

void RemovableHandle::remove() {
  const std::shared_ptr<ModuleHooks> hooks = hooks_.lock();
  if (!hooks) return;
  const auto remove_from = [id = id_](auto&... lists) {
    (std::erase_if(lists, [id](const auto& hook) { return hook.first == id; }), ...);
  };
  remove_from(hooks->forward_pre, hooks->forward, hooks->backward_pre, hooks->backward, hooks->state_dict_pre,
              hooks->state_dict_post, hooks->load_pre, hooks->load_post);
}

void detail::throw_not_one_output(std::size_t count) {
  throw TypeError(text("forward hook: it takes one tensor as the output, and the module returned ", count),
                  {.hint = "take const std::vector<Tensor>& as the third argument"});
}

namespace {

/// The gradients of the tensors that passed a gate, and what is to be done when all have come.
struct Gate {
  std::function<void(Tensors& gradients)> all_known;
  Tensors gradients;                  ///< One for each tensor; undefined for one that needs none or got none.
  std::vector<std::size_t> recorded;  ///< Those that need a gradient: the edges of the gate's node.
};

struct GateAttributes {
  Gate* gate;  ///< Kept by a hook of the same node.
  std::size_t tensor;
};

void part_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  const auto [gate, tensor] = node.attributes<GateAttributes>();
  gate->gradients[tensor] = gradient;
  gradients[0] = zeros(node.input_shape(0));
}

void gate_gradient(Node& node, const Tensor&, Tensor* gradients) {
  Gate& gate = *node.attributes<GateAttributes>().gate;
  Tensors left(gate.gradients.size());
  left.swap(gate.gradients);
  gate.all_known(left);
  for (std::size_t i = 0; i < gate.recorded.size(); ++i) gradients[i] = left[gate.recorded[i]];
}

bool pass_nothing(const Tensors& tensors) {
  return !is_grad_enabled() || std::none_of(tensors.begin(), tensors.end(), [](const Tensor& x) { return records(x); });
}

/// Replaces the tensors by other handles on the same numbers, whose gradients `all_known` sees all at once.
void pass_gate(Tensors& tensors, std::function<void(Tensors&)> all_known) {
  auto gate = std::make_shared<Gate>();
  gate->all_known = std::move(all_known);
  gate->gradients.resize(tensors.size());
  std::vector<const Tensor*> inputs;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!records(tensors[i])) continue;
    gate->recorded.push_back(i);
    inputs.push_back(&tensors[i]);
  }
  constexpr const char* name = "BackwardHookFunctionBackward";
  Tensor token = zeros({});
  record(token, name, gate_gradient, inputs)->set_attributes(GateAttributes{gate.get(), 0});
  const auto keep = [gate](const Tensor&) { return Tensor(); };
  token.register_hook(keep);
  for (const std::size_t i : gate->recorded) {
    const Tensor& tensor = tensors[i];
    Tensor passed = make_view(tensor, tensor.shape(), tensor.strides(), tensor.storage_offset());
    record(passed, name, part_gradient, {&token})->set_attributes(GateAttributes{gate.get(), i});
    set_one_of_several(passed, static_cast<std::uint32_t>(i));
    passed.register_hook(keep);
    tensors[i] = passed;
  }
}

void check_count(const char* hook, std::size_t found, const char* of_what, std::size_t expected) {
  check<ValueError>(found == expected, hook, " returned an invalid number of ", of_what, ", got ", found,
                    ", but expected ", expected);
}

}  // namespace

namespace detail {

/// What the backward of one call needs. Holds the hooks there were at the call; the module may be gone by then.
struct HookedCall::Backward {
  std::weak_ptr<ModuleHooks> hooks;
  HookList<BackwardPreHook> before;
  HookList<BackwardHook> after;
  std::size_t inputs = 0;
  bool inputs_pass = false;  ///< Whether some input needs a gradient.
  Tensors grad_output;

  void outputs_known(Tensors& gradients) {
    const std::shared_ptr<ModuleHooks> alive = hooks.lock();
    if (!alive) return;
    for (const auto& [id, hook] : before) {
      Tensors replaced = hook(*alive->module, gradients);
      if (replaced.empty()) continue;
      check_count("Backward pre hook", replaced.size(), "grad_output", gradients.size());
      gradients = std::move(replaced);
    }
    if (inputs_pass) {
      grad_output = gradients;
      return;
    }
    for (const auto& [id, hook] : after) {
      const Tensors returned = hook(*alive->module, Tensors(inputs), gradients);
      check<ValueError>(std::none_of(returned.begin(), returned.end(), [](const Tensor& x) { return x.defined(); }),
                        "Backward hook for Modules where no input requires gradient should always return None or None "
                        "for all gradients.");
    }
  }

  void inputs_known(Tensors& gradients) {
    const std::shared_ptr<ModuleHooks> alive = hooks.lock();
    if (!alive || grad_output.empty()) return;  // empty: a gradient came past the module's outputs
    const Tensors from = std::exchange(grad_output, {});
    for (const auto& [id, hook] : after) {
      Tensors replaced = hook(*alive->module, gradients, from);
      if (replaced.empty()) continue;
      check_count("Backward hook", replaced.size(), "grad_input", gradients.size());
      gradients = std::move(replaced);
    }
  }
};

const Tensors& HookedCall::before(Tensors inputs) {
  const auto pre_hooks = hooks_->forward_pre;  // a hook may remove itself, or register another
  for (const auto& [id, hook] : pre_hooks) {
    Tensors replaced = hook(*hooks_->module, inputs);
    if (replaced.empty()) continue;
    check_count("Forward pre hook", replaced.size(), "inputs", inputs.size());
    inputs = std::move(replaced);
  }
  if (!hooks_->backward_pre.empty() || !hooks_->backward.empty()) {
    backward_ = std::make_shared<Backward>();
    backward_->hooks = hooks_;
    backward_->before = hooks_->backward_pre;
    backward_->after = hooks_->backward;
    backward_->inputs = inputs.size();
    if (!pass_nothing(inputs)) {
      backward_->inputs_pass = true;
      pass_gate(inputs, [backward = backward_](Tensors& gradients) { backward->inputs_known(gradients); });
    }
  }
  inputs_ = std::move(inputs);
  return inputs_;
}

Tensors HookedCall::after(Tensors outputs) {
  const auto hooks = hooks_->forward;
  for (const auto& [id, hook] : hooks) {
    Tensors replaced = hook(*hooks_->module, inputs_, outputs);
    if (replaced.empty()) continue;
    check_count("Forward hook", replaced.size(), "outputs", outputs.size());
    outputs = std::move(replaced);
  }
  if (backward_ && !pass_nothing(outputs))
    pass_gate(outputs, [backward = backward_](Tensors& gradients) { backward->outputs_known(gradients); });
  return outputs;
}

}  // namespace detail
}  // namespace cairn::nn
