#include <cairn/optim/step_lr.h>

#include <cairn/optim/options.h>
#include <cairn/optim/python_number.h>

namespace cairn::optim {

StepLR::StepLR(Optimizer& optimizer, std::int64_t step_size, Scalar gamma, std::int64_t last_epoch)
    : LRScheduler(optimizer, {{"step_size", step_size}, {"gamma", to_value(gamma)}}) {
  start(last_epoch);
}

void StepLR::validate(const Dict& fields) const { check_whole(fields, "step_size", 1); }

Value StepLR::get_lr(std::size_t group, const Moment& now) const {
  const bool stays = now.epoch == 0 || now.epoch % field("step_size").as_int() != 0;
  return stays ? lr(group) : multiply(lr(group), field("gamma"));
}

}  // namespace cairn::optim
