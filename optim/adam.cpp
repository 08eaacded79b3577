#include <cairn/optim/adam.h>

#include <cairn/core/autograd.h>
#include <cairn/optim/options.h>

namespace cairn::optim {
namespace {

enum SlotIndex : std::size_t { step_count, exp_avg, exp_avg_sq, max_exp_avg_sq };

}  // namespace

Adam::Adam(ParameterList parameters, const AdamOptions& options) : Adam(one_group(std::move(parameters)), options) {}

Adam::Adam(std::vector<ParameterGroup> groups, const AdamOptions& options) : Adam(options, Decay::as_chosen) {
  add_groups(std::move(groups));
}

Adam::Adam(const AdamOptions& options, Decay decay)
    : Optimizer({{"lr", OptionKind::number, to_value(options.lr)},
                 {"betas", OptionKind::pair, to_value(options.betas)},
                 {"eps", OptionKind::number, to_value(options.eps)},
                 {"weight_decay", OptionKind::number, to_value(options.weight_decay)},
                 {"amsgrad", OptionKind::flag, options.amsgrad},
                 {"maximize", OptionKind::flag, options.maximize},
                 {"foreach", OptionKind::optional_flag, to_value(options.foreach)},
                 {"capturable", OptionKind::flag, options.capturable},
                 {"differentiable", OptionKind::flag, options.differentiable},
                 {"fused", OptionKind::optional_flag, to_value(options.fused)},
                 {"decoupled_weight_decay", OptionKind::flag, options.decoupled_weight_decay,
                  decay == Decay::always_decoupled}},
                {{.name = "step", .counts_steps = true},
                 {.name = "exp_avg"},
                 {.name = "exp_avg_sq"},
                 {.name = "max_exp_avg_sq", .optional = true, .needed_by = "amsgrad"}}) {}

void Adam::validate(const Dict& options) const {
  check_not_negative(options, "lr", "learning rate");
  check_not_negative(options, "eps", "epsilon value");
  const std::vector<Value>& betas = options.at("betas").items();
  for (std::size_t i = 0; i < 2; ++i) {
    const double beta = betas[i].as_float();
    check<ValueError>(beta >= 0 && beta < 1, "Invalid beta parameter at index ", i, ": ", to_string(betas[i]));
  }
  check_not_negative(options, "weight_decay", "weight_decay value");
  check_implementation(options);
}

void Adam::options_changed(std::size_t group) {
  if (group_options_.size() <= group) group_options_.resize(group + 1);
  const std::vector<Value>& betas = option(group, "betas").items();
  group_options_[group] = {.lr = number(group, "lr"),
                           .beta1 = betas[0].as_float(),
                           .beta2 = betas[1].as_float(),
                           .eps = number(group, "eps"),
                           .weight_decay = number(group, "weight_decay"),
                           .amsgrad = flag(group, "amsgrad"),
                           .maximize = flag(group, "maximize"),
                           .decoupled_weight_decay = flag(group, "decoupled_weight_decay")};
}

void Adam::step() {
  const NoGrad no_grad;
  for (std::size_t group = 0; group < group_count(); ++group) {
    const AdamUpdateOptions& options = group_options_[group];
    const std::vector<Tensor>& all = parameters(group);
    updates_.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor& grad = all[i].grad();
      if (!grad.defined()) continue;
      const std::span<Tensor> state = state_of(group, i);
      if (!state[step_count].defined()) {
        Tensor mean = zeros_like(all[i]), square = zeros_like(all[i]);
        state[step_count] = zeros({});
        state[exp_avg] = std::move(mean);
        state[exp_avg_sq] = std::move(square);
        state_created(group, i);
      }
      if (options.amsgrad && !state[max_exp_avg_sq].defined()) state[max_exp_avg_sq] = zeros_like(all[i]);
      updates_.push_back({&all[i], &grad, &state[exp_avg], &state[exp_avg_sq],
                          options.amsgrad ? &state[max_exp_avg_sq] : nullptr, &state[step_count]});
    }
    adam_update(updates_, options);
  }
}

}  // namespace cairn::optim
