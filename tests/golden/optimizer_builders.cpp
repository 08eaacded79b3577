// Optimizers and schedulers by PyTorch's names and arguments.
#include "builders.h"

namespace golden {

using namespace cairn;

namespace {

using GroupList = std::vector<optim::ParameterGroup>;

Scalar to_scalar(const Json& number) {
  if (number.is_number_integer()) return Scalar(number.get<std::int64_t>());
  return Scalar(number.get<double>());
}

void assign(Scalar& option, const Json& value) { option = to_scalar(value); }
void assign(bool& option, const Json& value) { option = value.get<bool>(); }
void assign(std::pair<Scalar, Scalar>& option, const Json& value) {
  option = {to_scalar(value.at(0)), to_scalar(value.at(1))};
}
void assign(std::optional<bool>& option, const Json& value) {
  option = value.is_null() ? std::nullopt : std::optional(value.get<bool>());
}

/// Sets the member called `name`; returns false if there is none.
template <class Options>
bool set_member(Options& options, const std::string& name, const Json& value) {
#define MEMBER(member)                          \
  if constexpr (requires { options.member; }) { \
    if (name == #member) {                      \
      assign(options.member, value);            \
      return true;                              \
    }                                           \
  }
  MEMBER(lr)
  MEMBER(betas)
  MEMBER(alpha)
  MEMBER(eps)
  MEMBER(momentum)
  MEMBER(dampening)
  MEMBER(weight_decay)
  MEMBER(lr_decay)
  MEMBER(initial_accumulator_value)
  MEMBER(nesterov)
  MEMBER(centered)
  MEMBER(amsgrad)
  MEMBER(maximize)
  MEMBER(decoupled_weight_decay)
  MEMBER(foreach)
  MEMBER(capturable)
  MEMBER(differentiable)
  MEMBER(fused)
#undef MEMBER
  return false;
}

template <class Optimizer, class Options>
std::unique_ptr<optim::Optimizer> make(GroupList groups, const Json& args) {
  Options options;
  for (const auto& [name, value] : args.items())
    expect(set_member(options, name, value), "the optimizer has no argument ", name, " here");
  return std::make_unique<Optimizer>(std::move(groups), options);
}

Scalar scalar_or(const Json& args, const char* name, Scalar otherwise) {
  return args.contains(name) ? to_scalar(args.at(name)) : otherwise;
}

std::unique_ptr<optim::LRScheduler> make_one_cycle(optim::Optimizer& optimizer, const Json& args) {
  optim::OneCycleLROptions options;
  options.total_steps = args.at("total_steps").get<std::int64_t>();
  return std::make_unique<optim::OneCycleLR>(optimizer, args.at("max_lr").get<double>(), options);
}

}  // namespace

std::unique_ptr<optim::LRScheduler> make_scheduler(const std::string& kind, optim::Optimizer& optimizer,
                                                   const Json& args) {
  const auto whole = [&](const char* name) { return args.at(name).get<std::int64_t>(); };
  if (kind == "StepLR")
    return std::make_unique<optim::StepLR>(optimizer, whole("step_size"), scalar_or(args, "gamma", 0.1));
  if (kind == "MultiStepLR")
    return std::make_unique<optim::MultiStepLR>(optimizer, args.at("milestones").get<std::vector<std::int64_t>>(),
                                                scalar_or(args, "gamma", 0.1));
  if (kind == "ExponentialLR") return std::make_unique<optim::ExponentialLR>(optimizer, to_scalar(args.at("gamma")));
  if (kind == "CosineAnnealingLR")
    return std::make_unique<optim::CosineAnnealingLR>(optimizer, whole("T_max"), scalar_or(args, "eta_min", 0.0));
  if (kind == "LinearLR")
    return std::make_unique<optim::LinearLR>(optimizer,
                                             optim::LinearLROptions{.start_factor = to_scalar(args.at("start_factor")),
                                                                    .total_iters = whole("total_iters")});
  if (kind == "OneCycleLR") return make_one_cycle(optimizer, args);
  throw Failure("there is no scheduler " + kind);
}

std::unique_ptr<optim::Optimizer> make_optimizer(const std::string& kind, GroupList groups, const Json& args) {
  static const std::map<std::string, std::unique_ptr<optim::Optimizer> (*)(GroupList, const Json&)> kinds = {
      {"SGD", make<optim::SGD, optim::SGDOptions>},
      {"Adam", make<optim::Adam, optim::AdamOptions>},
      {"AdamW", make<optim::AdamW, optim::AdamWOptions>},
      {"RMSprop", make<optim::RMSprop, optim::RMSpropOptions>},
      {"Adagrad", make<optim::Adagrad, optim::AdagradOptions>}};
  const auto found = kinds.find(kind);
  expect(found != kinds.end(), "there is no optimizer ", kind);
  return found->second(std::move(groups), args);
}

}  // namespace golden
