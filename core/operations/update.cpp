// The optimizers' updates in front of their kernels: all parameters of a call in one dispatch.

#include <cairn/core/update.h>

#include <cmath>
#include <new>

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/pool_array.h>

namespace cairn {
namespace {

[[noreturn]] void throw_unlike(const TensorImpl& parameter, const TensorImpl& state, const char* which) {
  const std::string kept = text("an optimizer's ", which, " is ", state.dtype, " of shape ", Extents(state.shape),
                                ", but its parameter is ", parameter.dtype, " of shape ", Extents(parameter.shape),
                                "; make a new optimizer when a model has been converted");
  check<ShapeError>(state.shape == parameter.shape, kept);
  throw DTypeError(kept);
}

/// What was kept for a parameter must still be like it: a kernel takes its memory for the parameter's dtype.
[[gnu::always_inline]] inline void check_like(const TensorImpl& parameter, const Tensor* state, const char* which) {
  if (!state) return;
  const TensorImpl& kept = *state->impl();
  if (kept.dtype != parameter.dtype || !(kept.shape == parameter.shape)) [[unlikely]]
    throw_unlike(parameter, kept, which);
}

[[gnu::always_inline]] inline void check_update(const Tensor& parameter, const Tensor& grad) {
  check<ShapeError>(
      grad.defined() && grad.impl()->shape == parameter.impl()->shape && grad.impl()->dtype == parameter.impl()->dtype,
      "an optimizer's parameter and its gradient must have one shape and dtype");
}

[[gnu::always_inline]] inline void bump_versions(std::initializer_list<const Tensor*> changed) {
  for (const Tensor* tensor : changed)
    if (tensor) tensor->impl()->storage->bump_version();
}

/// Calls `run(updates)` for every stretch that one call can do: of one dtype and device, and alike in what `same` asks.
template <class Update, class Same, class Run>
void for_each_stretch(std::span<const Update> updates, Same same, Run run) {
  for (std::size_t begin = 0; begin < updates.size();) {
    const TensorImpl& first = *updates[begin].parameter->impl();
    std::size_t end = begin + 1;
    for (; end < updates.size(); ++end) {
      const TensorImpl& next = *updates[end].parameter->impl();
      if (next.dtype != first.dtype || !(next.device == first.device) || !same(updates[begin], updates[end])) break;
    }
    run(updates.subspan(begin, end - begin));
    begin = end;
  }
}

/// What all parameters of a call share, followed by what each has of its own.
template <class Attributes, class Scalars>
class AttributesWithScalars {
 public:
  AttributesWithScalars(std::size_t count, const Attributes& attributes)
      : bytes_(sizeof(Attributes) + count * sizeof(Scalars)), memory_(bytes_ / sizeof(double)) {
    static_assert(sizeof(Attributes) % sizeof(double) == 0 && sizeof(Scalars) % sizeof(double) == 0);
    new (memory_.data()) Attributes(attributes);
  }
  void set(std::size_t i, const Scalars& scalars) {
    new (memory_.data() + (sizeof(Attributes) + i * sizeof(Scalars)) / sizeof(double)) Scalars(scalars);
  }
  const void* data() { return memory_.data(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  PoolArray<double> memory_;
};

}  // namespace

void sgd_update(std::span<const SgdUpdate> updates, const SgdUpdateOptions& options) {
  for (const SgdUpdate& update : updates) {
    check_update(*update.parameter, *update.grad);
    check_like(*update.parameter->impl(), update.momentum_buffer, "momentum_buffer");
  }
  const auto same = [](const SgdUpdate& a, const SgdUpdate& b) { return a.first == b.first; };
  for_each_stretch(updates, same, [&](std::span<const SgdUpdate> stretch) {
    PoolArray<const Tensor*> operands(stretch.size() * 3);
    std::size_t count = 0;
    for (const SgdUpdate& update : stretch) {
      operands[count++] = update.parameter;
      operands[count++] = update.grad;
      operands[count++] = update.momentum_buffer;
    }
    const SgdAttributes attributes{options.lr,       options.momentum, options.dampening,    options.weight_decay,
                                   options.nesterov, options.maximize, stretch.front().first};
    dispatch(Operation::sgd_update, stretch.front().parameter->impl()->dtype, {operands.data(), count}, &attributes,
             sizeof attributes);
    for (const SgdUpdate& update : stretch) bump_versions({update.parameter, update.momentum_buffer});
  });
}

namespace {

/// In double, as PyTorch does it. Parameters that began together share a step, and the powers are worked out once.
class AdamSteps {
 public:
  explicit AdamSteps(const AdamUpdateOptions& options) : options_(options) {}

  AdamScalars at(float step) {
    if (step != step_) {
      step_ = step;
      scalars_ = {options_.lr / (1 - std::pow(options_.beta1, static_cast<double>(step))),
                  std::sqrt(1 - std::pow(options_.beta2, static_cast<double>(step)))};
    }
    return scalars_;
  }

 private:
  const AdamUpdateOptions& options_;
  float step_ = 0;
  AdamScalars scalars_ = {};
};

}  // namespace

void adam_update(std::span<const AdamUpdate> updates, const AdamUpdateOptions& options) {
  for (const AdamUpdate& update : updates) {
    const TensorImpl& parameter = *update.parameter->impl();
    check_update(*update.parameter, *update.grad);
    check_like(parameter, update.exp_avg, "exp_avg");
    check_like(parameter, update.exp_avg_sq, "exp_avg_sq");
    check_like(parameter, update.max_exp_avg_sq, "max_exp_avg_sq");
  }
  AdamSteps steps(options);
  const auto same = [](const AdamUpdate&, const AdamUpdate&) { return true; };
  for_each_stretch(updates, same, [&](std::span<const AdamUpdate> stretch) {
    AttributesWithScalars<AdamAttributes, AdamScalars> attributes(
        stretch.size(), {options.beta1, options.beta2, options.eps, options.weight_decay, options.lr, options.amsgrad,
                         options.maximize, options.decoupled_weight_decay});
    PoolArray<const Tensor*> operands(stretch.size() * 5);
    std::size_t count = 0;
    for (std::size_t i = 0; i < stretch.size(); ++i) {
      const AdamUpdate& update = stretch[i];
      attributes.set(i, steps.at(1 + *static_cast<const float*>(update.step->raw_data())));
      operands[count++] = update.parameter;
      operands[count++] = update.grad;
      operands[count++] = update.exp_avg;
      operands[count++] = update.exp_avg_sq;
      operands[count++] = update.max_exp_avg_sq;
    }
    dispatch(Operation::adam_update, stretch.front().parameter->impl()->dtype, {operands.data(), count},
             attributes.data(), attributes.bytes());
    for (const AdamUpdate& update : stretch) {
      *static_cast<float*>(update.step->raw_data()) += 1;
      bump_versions({update.parameter, update.exp_avg, update.exp_avg_sq, update.max_exp_avg_sq, update.step});
    }
  });
}

void rmsprop_update(std::span<const RmspropUpdate> updates, const RmspropUpdateOptions& options) {
  for (const RmspropUpdate& update : updates) {
    const TensorImpl& parameter = *update.parameter->impl();
    check_update(*update.parameter, *update.grad);
    check_like(parameter, update.square_avg, "square_avg");
    check_like(parameter, update.momentum_buffer, "momentum_buffer");
    check_like(parameter, update.grad_avg, "grad_avg");
  }
  const RmspropAttributes attributes{options.lr,       options.alpha,    options.eps,     options.weight_decay,
                                     options.momentum, options.centered, options.maximize};
  const auto same = [](const RmspropUpdate&, const RmspropUpdate&) { return true; };
  for_each_stretch(updates, same, [&](std::span<const RmspropUpdate> stretch) {
    PoolArray<const Tensor*> operands(stretch.size() * 5);
    std::size_t count = 0;
    for (const RmspropUpdate& update : stretch) {
      operands[count++] = update.parameter;
      operands[count++] = update.grad;
      operands[count++] = update.square_avg;
      operands[count++] = update.momentum_buffer;
      operands[count++] = update.grad_avg;
    }
    dispatch(Operation::rmsprop_update, stretch.front().parameter->impl()->dtype, {operands.data(), count}, &attributes,
             sizeof attributes);
    for (const RmspropUpdate& update : stretch) {
      *static_cast<float*>(update.step->raw_data()) += 1;
      bump_versions({update.parameter, update.square_avg, update.momentum_buffer, update.grad_avg, update.step});
    }
  });
}

void adagrad_update(std::span<const AdagradUpdate> updates, const AdagradUpdateOptions& options) {
  for (const AdagradUpdate& update : updates) {
    check_update(*update.parameter, *update.grad);
    check_like(*update.parameter->impl(), update.sum, "sum");
  }
  const auto same = [](const AdagradUpdate&, const AdagradUpdate&) { return true; };
  for_each_stretch(updates, same, [&](std::span<const AdagradUpdate> stretch) {
    AttributesWithScalars<AdagradAttributes, AdagradScalars> attributes(
        stretch.size(), {options.eps, options.weight_decay, options.maximize});
    PoolArray<const Tensor*> operands(stretch.size() * 3);
    std::size_t count = 0;
    for (std::size_t i = 0; i < stretch.size(); ++i) {
      const AdagradUpdate& update = stretch[i];
      const double steps_before = *static_cast<const float*>(update.step->raw_data());
      attributes.set(i, {options.lr / (1 + steps_before * options.lr_decay)});
      operands[count++] = update.parameter;
      operands[count++] = update.grad;
      operands[count++] = update.sum;
    }
    dispatch(Operation::adagrad_update, stretch.front().parameter->impl()->dtype, {operands.data(), count},
             attributes.data(), attributes.bytes());
    for (const AdagradUpdate& update : stretch) {
      *static_cast<float*>(update.step->raw_data()) += 1;
      bump_versions({update.parameter, update.sum, update.step});
    }
  });
}

}  // namespace cairn
