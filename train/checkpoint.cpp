#include <cairn/train/checkpoint.h>

#include <cairn/core/error.h>
#include <cairn/core/suggest.h>
#include <cairn/core/version.h>
#include <cairn/io/save.h>

namespace cairn::train {

namespace {

constexpr const char* header_key = "cairn";
constexpr int layout = 1;  // of this dict: counts up when its meaning changes

}  // namespace

void Checkpoint::add(std::string name, Stateful& part) {
  check<ValueError>(!name.empty() && name != header_key, "Checkpoint: a part cannot be named '", name, "'");
  for (const auto& [known, other] : parts_)
    check<ValueError>(known != name, "Checkpoint: there is already a part named '", name, "'");
  parts_.emplace_back(std::move(name), &part);
}

Value Checkpoint::state() const {
  Dict state;
  state.set(header_key, {{"layout", layout}, {"instruction_set", instruction_set()}});
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
  Dict values;
  for (const auto& [key, value] : state.as_dict()) {
    if (key == Key(header_key)) continue;
    Stateful* found = nullptr;
    for (const auto& [name, part] : parts_) {
      if (key == Key(name)) found = part;
    }
    if (found != nullptr) {
      plan.append(found->plan_load(value));
    } else {
      values.set(key, materialize(value));
    }
  }
  const std::string& saved_set = header.at("instruction_set").as_text();
  if (saved_set != instruction_set()) {
    plan.report().warnings.push_back(text("the run was saved on ", saved_set, " and goes on with ", instruction_set(),
                                          ": it will not be bit for bit what it would have been"));
  }
  plan.then([this, values = std::move(values)]() mutable { values_ = std::move(values); });
  return plan;
}

LoadReport Checkpoint::resume(const std::string& path, const CommitOptions& options, const io::OpenOptions& open) {
  return plan_load(io::open(path, open)).commit(options);
}

}  // namespace cairn::train
