#include <cairn/optim/multi_step_lr.h>

#include <cairn/optim/options.h>
#include <cairn/optim/python_number.h>

namespace cairn::optim {
namespace {

/// How often each milestone is listed, as Python's Counter.
Dict counted(const std::vector<std::int64_t>& milestones) {
  Dict counts;
  for (const std::int64_t milestone : milestones) {
    const Value* known = counts.find(milestone);
    counts.set(milestone, known ? known->as_int() + 1 : 1);
  }
  return counts;
}

}  // namespace

MultiStepLR::MultiStepLR(Optimizer& optimizer, const std::vector<std::int64_t>& milestones, Scalar gamma,
                         std::int64_t last_epoch)
    : LRScheduler(optimizer, {{"milestones", counted(milestones)}, {"gamma", to_value(gamma)}}) {
  start(last_epoch);
}

void MultiStepLR::validate(const Dict& fields) const {
  for (const auto& [milestone, count] : fields.at("milestones").as_dict()) {
    check<ValueError>(!milestone.is_text() && count.is(Value::Kind::integer), "milestones holds ", to_string(milestone),
                      ": ", to_string(count), ", expected whole numbers");
  }
}

Value MultiStepLR::get_lr(std::size_t group, const Moment& now) const {
  const Value* count = field("milestones").as_dict().find(now.epoch);
  return count ? multiply(lr(group), power(field("gamma"), count->as_int())) : lr(group);
}

}  // namespace cairn::optim
