#include <cairn/optim/cosine_annealing_lr.h>

#include <cmath>
#include <numbers>

#include <cairn/optim/options.h>

namespace cairn::optim {

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, Scalar eta_min, std::int64_t last_epoch)
    : LRScheduler(optimizer, {{"T_max", T_max}, {"eta_min", to_value(eta_min)}}) {
  start(last_epoch);
}

void CosineAnnealingLR::validate(const Dict& fields) const { check_whole(fields, "T_max", 1); }

Value CosineAnnealingLR::get_lr(std::size_t group, const Moment& now) const {
  constexpr double pi = std::numbers::pi;
  if (now.initial) return lr(group);
  const std::int64_t period = field("T_max").as_int();
  const double length = static_cast<double>(period), epoch = static_cast<double>(now.epoch);
  const double least = field("eta_min").as_float(), rate = lr(group).as_float();
  if ((now.epoch - 1 - period) % (2 * period) == 0)  // at the bottom a factor would say nothing
    return rate + (base_lr(group).as_float() - least) * (1 - std::cos(pi / length)) / 2;
  return (1 + std::cos(pi * epoch / length)) / (1 + std::cos(pi * (epoch - 1) / length)) * (rate - least) + least;
}

}  // namespace cairn::optim
