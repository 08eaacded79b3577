#include <cairn/optim/exponential_lr.h>

#include <cairn/optim/options.h>
#include <cairn/optim/python_number.h>

namespace cairn::optim {

ExponentialLR::ExponentialLR(Optimizer& optimizer, Scalar gamma, std::int64_t last_epoch)
    : LRScheduler(optimizer, {{"gamma", to_value(gamma)}}) {
  start(last_epoch);
}

Value ExponentialLR::get_lr(std::size_t group, const Moment& now) const {
  return now.initial ? lr(group) : multiply(lr(group), field("gamma"));
}

}  // namespace cairn::optim
