#include <cairn/optim/rmsprop.h>

#include <cairn/core/autograd.h>
#include <cairn/optim/options.h>

namespace cairn::optim {
namespace {

enum SlotIndex : std::size_t { step_count, square_avg, momentum_buffer, grad_avg };

}  // namespace

RMSprop::RMSprop(ParameterList parameters, const RMSpropOptions& options)
    : RMSprop(one_group(std::move(parameters)), options) {}

RMSprop::RMSprop(std::vector<ParameterGroup> groups, const RMSpropOptions& options)
    : Optimizer({{"lr", OptionKind::number, to_value(options.lr)},
                 {"momentum", OptionKind::number, to_value(options.momentum)},
                 {"alpha", OptionKind::number, to_value(options.alpha)},
                 {"eps", OptionKind::number, to_value(options.eps)},
                 {"centered", OptionKind::flag, options.centered},
                 {"weight_decay", OptionKind::number, to_value(options.weight_decay)},
                 {"capturable", OptionKind::flag, options.capturable},
                 {"foreach", OptionKind::optional_flag, to_value(options.foreach)},
                 {"maximize", OptionKind::flag, options.maximize},
                 {"differentiable", OptionKind::flag, options.differentiable}},
                {{.name = "step", .counts_steps = true},
                 {.name = "square_avg"},
                 {.name = "momentum_buffer", .optional = true, .needed_by = "momentum"},
                 {.name = "grad_avg", .optional = true, .needed_by = "centered"}}) {
  add_groups(std::move(groups));
}

void RMSprop::validate(const Dict& options) const {
  check_not_negative(options, "lr", "learning rate");
  check_not_negative(options, "eps", "epsilon value");
  check_not_negative(options, "momentum", "momentum value");
  check_not_negative(options, "weight_decay", "weight_decay value");
  check_not_negative(options, "alpha", "alpha value");
  check_implementation(options);
}

void RMSprop::options_changed(std::size_t group) {
  if (group_options_.size() <= group) group_options_.resize(group + 1);
  group_options_[group] = {.lr = number(group, "lr"),
                           .alpha = number(group, "alpha"),
                           .eps = number(group, "eps"),
                           .weight_decay = number(group, "weight_decay"),
                           .momentum = number(group, "momentum"),
                           .centered = flag(group, "centered"),
                           .maximize = flag(group, "maximize")};
}

void RMSprop::step() {
  const NoGrad no_grad;
  for (std::size_t group = 0; group < group_count(); ++group) {
    const RmspropUpdateOptions& options = group_options_[group];
    const std::vector<Tensor>& all = parameters(group);
    updates_.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor& grad = all[i].grad();
      if (!grad.defined()) continue;
      const std::span<Tensor> state = state_of(group, i);
      const auto kept = [&](SlotIndex slot) {
        if (!state[slot].defined()) state[slot] = zeros_like(all[i]);
        return &state[slot];
      };
      if (!state[step_count].defined()) {
        state[square_avg] = zeros_like(all[i]);
        state[step_count] = zeros({});
        state_created(group, i);
      }
      updates_.push_back({&all[i], &grad, &state[square_avg], options.momentum > 0 ? kept(momentum_buffer) : nullptr,
                          options.centered ? kept(grad_avg) : nullptr, &state[step_count]});
    }
    rmsprop_update(updates_, options);
  }
}

}  // namespace cairn::optim
