#include <cairn/optim/lambda_lr.h>

#include <utility>

namespace cairn::optim {

LambdaLR::LambdaLR(Optimizer& optimizer, Function lr_lambda, std::int64_t last_epoch)
    : LambdaLR(optimizer, std::vector<Function>(optimizer.group_count(), std::move(lr_lambda)), last_epoch) {}

LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<Function> lr_lambdas, std::int64_t last_epoch)
    : LRScheduler(optimizer, {}), lr_lambdas_(std::move(lr_lambdas)) {
  check<ValueError>(lr_lambdas_.size() == optimizer.group_count(), "Expected ", optimizer.group_count(),
                    " lr_lambdas, but got ", lr_lambdas_.size());
  for (const Function& lr_lambda : lr_lambdas_)
    check<ValueError>(lr_lambda != nullptr, "LambdaLR: an lr_lambda is empty");
  start(last_epoch);
  List nothing;
  nothing.items.resize(lr_lambdas_.size());
  set_field("lr_lambdas", std::move(nothing));
}

Value LambdaLR::get_lr(std::size_t group, const Moment& now) const {
  const double rate = base_lr(group).as_float();
  return rate * lr_lambdas_[group](now.epoch);
}

}  // namespace cairn::optim
