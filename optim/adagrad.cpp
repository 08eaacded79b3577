#include <cairn/optim/adagrad.h>

#include <cairn/core/autograd.h>
#include <cairn/optim/options.h>

namespace cairn::optim {
namespace {

enum SlotIndex : std::size_t { step_count, sum };

}  // namespace

Adagrad::Adagrad(ParameterList parameters, const AdagradOptions& options)
    : Adagrad(one_group(std::move(parameters)), options) {}

Adagrad::Adagrad(std::vector<ParameterGroup> groups, const AdagradOptions& options)
    : Optimizer({{"lr", OptionKind::number, to_value(options.lr)},
                 {"lr_decay", OptionKind::number, to_value(options.lr_decay)},
                 {"eps", OptionKind::number, to_value(options.eps)},
                 {"weight_decay", OptionKind::number, to_value(options.weight_decay)},
                 {"initial_accumulator_value", OptionKind::number, to_value(options.initial_accumulator_value)},
                 {"foreach", OptionKind::optional_flag, to_value(options.foreach)},
                 {"maximize", OptionKind::flag, options.maximize},
                 {"differentiable", OptionKind::flag, options.differentiable},
                 {"fused", OptionKind::optional_flag, to_value(options.fused)}},
                {{.name = "step", .counts_steps = true}, {.name = "sum"}}),
      initial_accumulator_value_(options.initial_accumulator_value.floating) {
  add_groups(std::move(groups));
  for (std::size_t group = 0; group < group_count(); ++group)
    for (std::size_t i = 0; i < parameters(group).size(); ++i) create_state(group, i);
}

void Adagrad::validate(const Dict& options) const {
  check_not_negative(options, "lr", "learning rate");
  check_not_negative(options, "lr_decay", "lr_decay value");
  check_not_negative(options, "weight_decay", "weight_decay value");
  check_not_negative(options, "initial_accumulator_value", "initial_accumulator_value value");
  check_not_negative(options, "eps", "epsilon value");
  check_implementation(options);
}

void Adagrad::options_changed(std::size_t group) {
  if (group_options_.size() <= group) group_options_.resize(group + 1);
  group_options_[group] = {.lr = number(group, "lr"),
                           .lr_decay = number(group, "lr_decay"),
                           .eps = number(group, "eps"),
                           .weight_decay = number(group, "weight_decay"),
                           .maximize = flag(group, "maximize")};
}

void Adagrad::create_state(std::size_t group, std::size_t parameter) {
  const NoGrad no_grad;
  const std::span<Tensor> state = state_of(group, parameter);
  state[sum] = full_like(parameters(group)[parameter], initial_accumulator_value_);
  state[step_count] = zeros({});
  state_created(group, parameter);
}

void Adagrad::step() {
  const NoGrad no_grad;
  for (std::size_t group = 0; group < group_count(); ++group) {
    const std::vector<Tensor>& all = parameters(group);
    updates_.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor& grad = all[i].grad();
      if (!grad.defined()) continue;
      const std::span<Tensor> state = state_of(group, i);
      if (!state[step_count].defined()) create_state(group, i);
      updates_.push_back({&all[i], &grad, &state[sum], &state[step_count]});
    }
    adagrad_update(updates_, group_options_[group]);
  }
}

}  // namespace cairn::optim
