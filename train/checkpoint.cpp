#include <cairn/train/checkpoint.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <functional>
#include <string_view>
#include <system_error>

#include <cairn/core/error.h>
#include <cairn/core/suggest.h>
#include <cairn/core/version.h>
#include <cairn/io/save.h>

namespace cairn::train {

namespace {

constexpr const char* header_key = "cairn";
constexpr int layout = 2;  // of this dict: counts up when its meaning changes

constexpr std::string_view step_prefix = "step-", suffix = ".cairn";
constexpr std::size_t number_width = 8;

std::string best_path(const std::string& folder) { return (std::filesystem::path(folder) / "best.cairn").string(); }

/// What does not fit, part by part.
class Faults {
 public:
  void add(const std::string& part, const StateDictError& error) {
    lines_ += "\n\t" + part + ": ";
    for (const char letter : error.message()) {
      lines_ += letter;
      if (letter == '\n') lines_ += '\t';  // below its part
    }
    if (const std::string& hint = error.fields().hint; !hint.empty()) hints_ += (hints_.empty() ? "" : "\n") + hint;
  }
  void throw_any() const {
    if (!lines_.empty()) throw StateDictError("Checkpoint: the saved run does not fit:" + lines_, {.hint = hints_});
  }

 private:
  std::string lines_, hints_;
};

}  // namespace

void Checkpoint::add(std::string name, Stateful& part) {
  check<ValueError>(!name.empty() && name != header_key, "Checkpoint: a part cannot be named '", name, "'");
  for (const auto& [known, other] : parts_)
    check<ValueError>(known != name, "Checkpoint: there is already a part named '", name, "'");
  parts_.emplace_back(std::move(name), &part);
}

Value Checkpoint::state() const {
  Dict state;
  state.set(header_key, {{"layout", layout},
                         {"instruction_set", instruction_set()},
                         {"steps", steps_},
                         {"best", best_metric_ ? Value(*best_metric_) : Value()}});
  for (const auto& [key, value] : values_) {
    check<ValueError>(key != Key(header_key), "Checkpoint: a value cannot be named '", header_key, "'");
    state.set(key, value);
  }
  for (const auto& [name, part] : parts_) {
    check<ValueError>(!state.contains(name), "Checkpoint: '", name, "' names both a part and a value");
    state.set(name, part->state());
  }
  return state;
}

void Checkpoint::save(const std::string& path) const { io::save(path, state()); }

LoadPlan Checkpoint::plan_load(const Value& state) {
  if (!state.is(Value::Kind::dict) || !state.contains(header_key)) {
    throw StateDictError(text("Checkpoint: this is a ", name(state.kind()), " without the entry '", header_key,
                              "', not a run saved by a Checkpoint"));
  }
  const Value& header = state[header_key];
  const std::int64_t saved_layout = header.at("layout").as_int();
  check<StateDictError>(saved_layout == layout, "Checkpoint: the run was saved in layout ", saved_layout,
                        ", but this version knows ", layout);

  std::vector<std::string> there;
  for (const auto& [key, value] : state.as_dict()) there.push_back(key.plain());
  std::string missing;
  for (const auto& [name, part] : parts_) {
    if (!state.contains(name)) missing += text("\n\tthere is no '", name, "'", describe_keys(name, there));
  }
  if (!missing.empty()) throw StateDictError("Checkpoint: the saved run lacks what is to be resumed:" + missing);

  LoadPlan plan;
  Faults faults;
  for (const auto& [name, part] : parts_) {
    try {
      plan.append(part->plan_load(state[name]));
    } catch (const StateDictError& error) {
      faults.add(name, error);
    }
  }
  faults.throw_any();
  Dict values;
  for (const auto& [key, value] : state.as_dict()) {
    const bool is_part = std::ranges::any_of(parts_, [&key = key](const auto& part) { return key == Key(part.first); });
    if (!is_part && key != Key(header_key)) values.set(key, materialize(value));
  }
  const std::string& saved_set = header.at("instruction_set").as_text();
  if (saved_set != instruction_set()) {
    plan.report().warnings.push_back(text("the run was saved on ", saved_set, " and goes on with ", instruction_set(),
                                          ": it will not be bit for bit what it would have been"));
  }
  const std::int64_t steps = header.at("steps").as_int();
  const Value& best = header.at("best");
  const std::optional<double> metric = best.is_none() ? std::nullopt : std::optional(best.as_float());
  plan.then([this, values = std::move(values), steps, metric]() mutable {
    values_ = std::move(values);
    steps_ = steps;
    best_metric_ = metric;
    resumed_ = true;
  });
  return plan;
}

LoadReport Checkpoint::resume(const std::string& path, const CommitOptions& options, const io::OpenOptions& open) {
  return plan_load(io::open(path, open)).commit(options);
}

// The folder.

Checkpoint::Checkpoint(CheckpointOptions options) : options_(std::move(options)) {
  check<ValueError>(options_.every >= 1, "Checkpoint: every is ", options_.every, ", but must be at least 1");
  check<ValueError>(options_.keep_last >= 0, "Checkpoint: keep_last is ", options_.keep_last,
                    ", but must be 0 or more");
}

/// A NaN is never the best.
bool Checkpoint::improves(double metric) const {
  if (std::isnan(metric)) return false;
  if (!best_metric_) return true;
  return options_.best.mode == Best::max ? metric > *best_metric_ : metric < *best_metric_;
}

std::string Checkpoint::path_of(std::int64_t step) const {
  std::string number = std::to_string(step);
  number.insert(0, number.size() < number_width ? number_width - number.size() : 0, '0');
  return (std::filesystem::path(options_.folder) / (text(step_prefix, number, suffix))).string();
}

std::vector<std::int64_t> Checkpoint::saved_steps() const {
  std::vector<std::int64_t> steps;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(step_prefix) || !name.ends_with(suffix)) continue;
    const char *begin = name.data() + step_prefix.size(), *end = name.data() + name.size() - suffix.size();
    std::int64_t step = 0;
    const auto [read, error] = std::from_chars(begin, end, step);
    if (error == std::errc() && read == end && path_of(step) == entry.path().string()) steps.push_back(step);
  }
  std::ranges::sort(steps, std::greater<>());
  return steps;
}

/// A run that begins must not take the place of one that is there.
void Checkpoint::check_no_other_run() const {
  const std::vector<std::int64_t> steps = saved_steps();
  check<ValueError>(steps.empty() || resumed_, options_.folder, ": holds checkpoints of another run, up to step ",
                    steps.empty() ? 0 : steps.front(),
                    "; load_latest() or load_best() goes on with it, another folder keeps it");
}

std::vector<std::string> Checkpoint::step(const Dict& metrics) {
  check<ValueError>(!options_.folder.empty(), "Checkpoint: step() saves into a folder, but the options name none");
  if (steps_ == 0) check_no_other_run();
  std::optional<double> metric;
  if (const std::string& name = options_.best.metric; !name.empty()) {
    const Value* given = metrics.find(Key(name));
    if (!given) {
      std::vector<std::string> names;
      for (const auto& [key, value] : metrics) names.push_back(key.plain());
      throw KeyError(
          text("Checkpoint: the best is kept by '", name, "', which was not measured", describe_keys(name, names)));
    }
    metric = given->as_float();
  }
  const std::int64_t steps_before = steps_;
  const std::optional<double> best_before = best_metric_;
  std::vector<std::string> written;
  const auto write = [&](const std::string& path) {
    save(path);
    written.push_back(path);
  };
  try {
    ++steps_;
    const bool is_best = metric && improves(*metric);
    if (is_best) best_metric_ = metric;
    if (is_best || steps_ % options_.every == 0) std::filesystem::create_directories(options_.folder);
    if (steps_ % options_.every == 0) write(path_of(steps_));
    if (is_best) write(best_path(options_.folder));
  } catch (const std::filesystem::filesystem_error& error) {
    steps_ = steps_before;
    best_metric_ = best_before;
    throw IoError(text(options_.folder, ": cannot be made a folder: ", error.code().message()),
                  {.file = options_.folder});
  } catch (...) {
    steps_ = steps_before;
    best_metric_ = best_before;
    throw;
  }
  if (steps_ % options_.every == 0) {
    std::int64_t kept = 0;
    std::error_code ignored;  // a file that does not go is tried again when the next is saved
    for (const std::int64_t step : saved_steps()) {
      const bool left_behind = step > steps_;  // by going back to an older one
      if (!left_behind) ++kept;
      if (left_behind || (options_.keep_last > 0 && kept > options_.keep_last))
        std::filesystem::remove(path_of(step), ignored);
    }
  }
  return written;
}

LoadReport Checkpoint::load_latest(const CommitOptions& options, const io::OpenOptions& open) {
  std::vector<std::string> damaged;
  for (const std::int64_t step : saved_steps()) {
    try {
      LoadReport report = resume(path_of(step), options, open);
      report.warnings.insert(report.warnings.begin(), damaged.begin(), damaged.end());
      return report;
    } catch (const FormatError& error) {
      damaged.push_back(text("an older checkpoint was taken, because of ", error.message()));
    }
  }
  std::string fault = text(options_.folder, ": there is no checkpoint named ", step_prefix, "NUMBER", suffix);
  if (!damaged.empty()) fault += " that is whole:";
  for (const std::string& each : damaged) fault += "\n\t" + each;
  throw IoError(fault, {.file = options_.folder});
}

LoadReport Checkpoint::load_best(const CommitOptions& options, const io::OpenOptions& open) {
  return resume(best_path(options_.folder), options, open);
}

}  // namespace cairn::train
