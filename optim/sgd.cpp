#include <cairn/optim/sgd.h>

#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/optim/options.h>

namespace cairn::optim {
namespace {

constexpr std::size_t momentum_buffer = 0;

}  // namespace

SGD::SGD(ParameterList parameters, const SGDOptions& options) : SGD(one_group(std::move(parameters)), options) {}

SGD::SGD(std::vector<ParameterGroup> groups, const SGDOptions& options)
    : Optimizer({{"lr", OptionKind::number, to_value(options.lr)},
                 {"momentum", OptionKind::number, to_value(options.momentum)},
                 {"dampening", OptionKind::number, to_value(options.dampening)},
                 {"weight_decay", OptionKind::number, to_value(options.weight_decay)},
                 {"nesterov", OptionKind::flag, options.nesterov},
                 {"maximize", OptionKind::flag, options.maximize},
                 {"foreach", OptionKind::optional_flag, to_value(options.foreach)},
                 {"differentiable", OptionKind::flag, options.differentiable},
                 {"fused", OptionKind::optional_flag, to_value(options.fused)}},
                {{.name = "momentum_buffer", .optional = true}}) {
  add_groups(std::move(groups));
}

void SGD::validate(const Dict& options) const {
  check_not_negative(options, "lr", "learning rate");
  check_not_negative(options, "momentum", "momentum value");
  check_not_negative(options, "weight_decay", "weight_decay value");
  const bool damped = options.at("momentum").as_float() <= 0 || options.at("dampening").as_float() != 0;
  check<ValueError>(!(options.at("nesterov").as_bool() && damped),
                    "Nesterov momentum requires a momentum and zero dampening");
  check_implementation(options);
}

void SGD::options_changed(std::size_t group) {
  if (group_options_.size() <= group) group_options_.resize(group + 1);
  group_options_[group] = {.lr = number(group, "lr"),
                           .momentum = number(group, "momentum"),
                           .dampening = number(group, "dampening"),
                           .weight_decay = number(group, "weight_decay"),
                           .nesterov = flag(group, "nesterov"),
                           .maximize = flag(group, "maximize")};
}

void SGD::step() {
  const NoGrad no_grad;
  for (std::size_t group = 0; group < group_count(); ++group) {
    const SgdUpdateOptions& options = group_options_[group];
    const std::vector<Tensor>& all = parameters(group);
    updates_.clear();
    fresh_.clear();
    fresh_.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tensor& grad = all[i].grad();
      if (!grad.defined()) continue;
      SgdUpdate& update = updates_.emplace_back(SgdUpdate{&all[i], &grad, nullptr, false});
      if (options.momentum == 0) continue;
      Tensor& buffer = state_of(group, i)[momentum_buffer];
      update.momentum_buffer = &buffer;
      if (buffer.defined()) continue;
      update.momentum_buffer = &fresh_.emplace_back(Fresh{i, empty_like(all[i])}).buffer;
      update.first = true;
    }
    sgd_update(updates_, options);
    for (Fresh& fresh : fresh_) {  // only now: a step that fails leaves no state
      state_of(group, fresh.parameter)[momentum_buffer] = std::move(fresh.buffer);
      state_created(group, fresh.parameter);
    }
  }
}

}  // namespace cairn::optim
