#include <cairn/optim/one_cycle_lr.h>

#include <cmath>
#include <numbers>

#include <cairn/core/python_text.h>
#include <cairn/optim/options.h>

namespace cairn::optim {
namespace {

std::int64_t positive(std::int64_t value, const char* name) {
  check<ValueError>(value > 0, "Expected positive integer ", name, ", but got ", value);
  return value;
}

std::int64_t total_steps_of(const OneCycleLROptions& options) {
  if (options.total_steps) return positive(*options.total_steps, "total_steps");
  check<ValueError>(options.epochs && options.steps_per_epoch,
                    "You must define either total_steps OR (epochs AND steps_per_epoch)");
  return positive(*options.epochs, "epochs") * positive(*options.steps_per_epoch, "steps_per_epoch");
}

void check_strategy(const std::string& strategy) {
  check<ValueError>(strategy == "cos" || strategy == "linear",
                    "anneal_strategy must be one of 'cos' or 'linear', instead got ", strategy);
}

Value phase(const Value& end_step, const char* start_lr, const char* end_lr, const char* start_momentum,
            const char* end_momentum) {
  return {{"end_step", end_step},
          {"start_lr", start_lr},
          {"end_lr", end_lr},
          {"start_momentum", start_momentum},
          {"end_momentum", end_momentum}};
}

List phases_of(std::int64_t total_steps, double pct_start, bool three_phase) {
  const double rising = pct_start * static_cast<double>(total_steps);
  const Value up = phase(rising - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum");
  if (!three_phase) return {up, phase(total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")};
  const double both = 2 * pct_start * static_cast<double>(total_steps);
  return {up, phase(both - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
          phase(total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum")};
}

}  // namespace

OneCycleLR::OneCycleLR(Optimizer& optimizer, const PerGroup& max_lr, const OneCycleLROptions& options)
    : LRScheduler(optimizer, {{"total_steps", total_steps_of(options)}}) {
  check<ValueError>(options.pct_start >= 0 && options.pct_start <= 1,
                    "Expected float between 0 and 1 pct_start, but got ", python_float(options.pct_start));
  check<ValueError>(options.div_factor.floating != 0 && options.final_div_factor.floating != 0,
                    "OneCycleLR: div_factor and final_div_factor divide the rate and may not be 0");
  set_field("_schedule_phases", phases_of(field("total_steps").as_int(), options.pct_start, options.three_phase));
  set_field("_anneal_func_type", options.anneal_strategy);
  set_field("cycle_momentum", options.cycle_momentum);
  set_field("use_beta1", has_option("betas"));
  check_strategy(options.anneal_strategy);
  const std::vector<Value> max_lrs = for_groups(max_lr, "max_lr");
  validate(fields());
  std::vector<Value> max_momentums, base_momentums;
  if (options.cycle_momentum) {
    max_momentums = for_groups(options.max_momentum, "max_momentum");
    base_momentums = for_groups(options.base_momentum, "base_momentum");
  }
  if (options.last_epoch == -1) {
    for (std::size_t group = 0; group < max_lrs.size(); ++group) {
      const double initial_lr = max_lrs[group].as_float() / options.div_factor.floating;
      put_option(group, "initial_lr", initial_lr);
      put_option(group, "max_lr", max_lrs[group]);
      put_option(group, "min_lr", initial_lr / options.final_div_factor.floating);
      if (!options.cycle_momentum) continue;
      put_option(group, "max_momentum", max_momentums[group]);
      put_option(group, "base_momentum", base_momentums[group]);
    }
  }
  start(options.last_epoch);
}

Value OneCycleLR::state() const {
  Dict saved = fields();
  if (!field("cycle_momentum").as_bool()) saved.erase("use_beta1");
  return saved;
}

void OneCycleLR::validate(const Dict& fields) const {
  check_whole(fields, "total_steps", 1);
  check_strategy(fields.at("_anneal_func_type").as_text());
  if (fields.at("cycle_momentum").as_bool()) {
    check<ValueError>(has_option("momentum") || has_option("betas"),
                      "optimizer must support momentum or beta1 with `cycle_momentum` option enabled");
    check<ValueError>(fields.at("use_beta1").as_bool() == has_option("betas"), "use_beta1 is ",
                      to_string(fields.at("use_beta1")), ", but the optimizer has ",
                      has_option("betas") ? "betas" : "momentum");
  }
  const std::vector<Value>& phases = fields.at("_schedule_phases").items();
  check<ValueError>(!phases.empty(), "_schedule_phases is empty, expected two or three phases");
  for (const Value& phase : phases) {
    phase.at("end_step").as_float();
    for (const char* end : {"start_lr", "end_lr", "start_momentum", "end_momentum"}) phase.at(end).as_text();
  }
  check<ValueError>(phases.front().at("end_step").as_float() != 0,
                    "OneCycleLR: the rate has no step to rise in, as pct_start times total_steps is 1; choose another "
                    "pct_start");
}

double OneCycleLR::annealed(std::size_t group, const Moment& now, const char* start, const char* end) const {
  const std::vector<Value>& phases = field("_schedule_phases").items();
  const double step = static_cast<double>(now.epoch);
  std::size_t i = 0;
  double first = 0, last = phases[0].at("end_step").as_float();
  while (step > last && i + 1 < phases.size()) {
    first = last;
    last = phases[++i].at("end_step").as_float();
  }
  check<ValueError>(last != first, "OneCycleLR: step ", now.epoch, " lies in a phase without steps");
  const double part = (step - first) / (last - first);
  const double from = optimizer().option(group, phases[i].at(start).as_text()).as_float();
  const double to = optimizer().option(group, phases[i].at(end).as_text()).as_float();
  if (field("_anneal_func_type").as_text() == "linear") return (to - from) * part + from;
  return to + (from - to) / 2.0 * (std::cos(std::numbers::pi * part) + 1);
}

Value OneCycleLR::get_lr(std::size_t group, const Moment& now) const {
  const std::int64_t total_steps = field("total_steps").as_int();
  check<ValueError>(now.epoch <= total_steps, "Tried to step ", now.epoch,
                    " times. The specified number of total steps is ", total_steps);
  return annealed(group, now, "start_lr", "end_lr");
}

Dict OneCycleLR::get_options(std::size_t group, const Moment& now) const {
  Dict options{{"lr", get_lr(group, now)}};
  if (!field("cycle_momentum").as_bool()) return options;
  const double momentum = annealed(group, now, "start_momentum", "end_momentum");
  if (field("use_beta1").as_bool())
    options.set("betas", Tuple{momentum, optimizer().option(group, "betas").items()[1]});
  else
    options.set("momentum", momentum);
  return options;
}

}  // namespace cairn::optim
