#include <cairn/optim/linear_lr.h>

#include <limits>

#include <cairn/optim/options.h>
#include <cairn/optim/python_number.h>

namespace cairn::optim {

LinearLR::LinearLR(Optimizer& optimizer, const LinearLROptions& options)
    : LRScheduler(optimizer, {{"start_factor", to_value(options.start_factor)},
                              {"end_factor", to_value(options.end_factor)},
                              {"total_iters", options.total_iters}}) {
  start(options.last_epoch);
}

void LinearLR::validate(const Dict& fields) const {
  const double start = fields.at("start_factor").as_float(), end = fields.at("end_factor").as_float();
  check<ValueError>(start <= 1 && start > 0,
                    "Starting multiplicative factor expected to be greater than 0 and less or equal to 1.");
  check<ValueError>(end <= 1 && end >= 0, "Ending multiplicative factor expected to be between 0 and 1.");
  check_whole(fields, "total_iters", std::numeric_limits<std::int64_t>::min());
}

Value LinearLR::get_lr(std::size_t group, const Moment& now) const {
  if (now.epoch == 0) return multiply(lr(group), field("start_factor"));
  if (now.initial || now.epoch > field("total_iters").as_int()) return lr(group);
  const double start = field("start_factor").as_float(), rise = field("end_factor").as_float() - start;
  const double steps = field("total_iters").as_float(), before = static_cast<double>(now.epoch - 1);
  return lr(group).as_float() * (1.0 + rise / (steps * start + before * rise));
}

}  // namespace cairn::optim
