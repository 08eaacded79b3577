#include <cairn/optim/reduce_lr_on_plateau.h>

#include <limits>
#include <utility>

#include <cairn/optim/options.h>

namespace cairn::optim {

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options)
    : LRScheduler(optimizer, {{"factor", to_value(options.factor)}}) {
  const std::size_t groups = optimizer.group_count();
  const PerGroup& min_lr = options.min_lr;
  check<ValueError>(!min_lr.is_list || min_lr.numbers.size() == groups, "expected ", groups, " min_lrs, got ",
                    min_lr.numbers.size());
  List min_lrs;
  min_lrs.items = for_groups(min_lr, "min_lr");
  const double infinity = std::numeric_limits<double>::infinity();
  const double worst = options.mode == "min" ? infinity : -infinity;
  set_field("default_min_lr", min_lr.is_list ? Value() : to_value(min_lr.numbers[0]));
  set_field("min_lrs", std::move(min_lrs));
  set_field("patience", options.patience);
  set_field("cooldown", options.cooldown);
  set_field("eps", to_value(options.eps));
  set_field("last_epoch", 0);
  set_field("_last_lr", options_of_groups("lr"));
  set_field("mode_worse", worst);
  set_field("mode", options.mode);
  set_field("threshold", to_value(options.threshold));
  set_field("threshold_mode", options.threshold_mode);
  set_field("best", worst);
  set_field("cooldown_counter", 0);
  set_field("num_bad_epochs", 0);
  validate(fields());
}

void ReduceLROnPlateau::validate(const Dict& fields) const {
  const std::string &mode = fields.at("mode").as_text(), &threshold_mode = fields.at("threshold_mode").as_text();
  check<ValueError>(fields.at("factor").as_float() < 1, "Factor should be < 1.0.");
  check<ValueError>(mode == "min" || mode == "max", "mode ", mode, " is unknown!");
  check<ValueError>(threshold_mode == "rel" || threshold_mode == "abs", "threshold mode ", threshold_mode,
                    " is unknown!");
  for (const char* whole : {"patience", "cooldown", "cooldown_counter", "num_bad_epochs"})
    check_whole(fields, whole, std::numeric_limits<std::int64_t>::min());
  for (const char* number : {"eps", "threshold", "best"}) fields.at(number).as_float();
  for (const Value& least : fields.at("min_lrs").items()) least.as_float();
}

void ReduceLROnPlateau::step() {
  throw TypeError("ReduceLROnPlateau.step() missing 1 required positional argument: 'metrics'");
}

void ReduceLROnPlateau::step(double metrics) {
  const bool better = is_better(metrics), cooling = field("cooldown_counter").as_int() > 0;
  const std::int64_t bad_epochs = better || cooling ? 0 : field("num_bad_epochs").as_int() + 1;
  const bool reduces = bad_epochs > field("patience").as_int();
  if (reduces) reduce_lr();
  set_field("last_epoch", last_epoch() + 1);
  if (better) set_field("best", metrics);
  if (cooling) set_field("cooldown_counter", field("cooldown_counter").as_int() - 1);
  if (reduces) set_field("cooldown_counter", field("cooldown"));
  set_field("num_bad_epochs", reduces ? 0 : bad_epochs);
  set_field("_last_lr", options_of_groups("lr"));
}

void ReduceLROnPlateau::reduce_lr() {
  const std::size_t groups = optimizer().group_count(), known = field("min_lrs").size();
  if (known != groups) {
    const Value least = field("default_min_lr");
    check<ValueError>(!least.is_none(), "The number of param groups in the `optimizer` (", groups,
                      ") differs from when `ReduceLROnPlateau` was initialized (", known,
                      "), usually due to a new param group being added to the optimizer. Please modify the `min_lrs` "
                      "field to match the length of the `optimizer` param groups.");
    List min_lrs;
    min_lrs.items.assign(groups, least);
    set_field("min_lrs", std::move(min_lrs));
  }
  for (std::size_t group = 0; group < groups; ++group) {
    const Value& least = field("min_lrs").items()[group];
    const double rate = lr(group).as_float(), reduced = rate * field("factor").as_float();
    const Value next = least.as_float() > reduced ? least : Value(reduced);
    if (rate - next.as_float() > field("eps").as_float()) put_option(group, "lr", next);
  }
}

bool ReduceLROnPlateau::is_better(double current) const {
  const double best = field("best").as_float(), threshold = field("threshold").as_float();
  const bool relative = field("threshold_mode").as_text() == "rel";
  if (field("mode").as_text() == "min") return current < (relative ? best * (1.0 - threshold) : best - threshold);
  return current > (relative ? best * (threshold + 1.0) : best + threshold);
}

}  // namespace cairn::optim
