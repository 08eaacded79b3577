// A checkpoint of a whole run: everything that decides how it goes on, in one file.
//
//   Checkpoint checkpoint;
//   checkpoint.add("model", model);                    run.cairn
//   checkpoint.add("optimizer", optimizer);            ├─ cairn: {version of what follows, instruction set}
//   checkpoint.add("data", loader);                    ├─ epoch: 3
//   checkpoint.values()["epoch"] = 3;                  ├─ model: OrderedDict(...)
//   checkpoint.save("run.cairn");                      ├─ optimizer: {...}
//   ...                                                └─ data: {...}
//   checkpoint.resume("run.cairn");
//
// Its parts are whatever is Stateful: modules, optimizers, schedulers, generators, loaders. Resuming plans all of them
// before it changes any, so a run is brought back altogether or stays as it was. A run that is resumed goes on bit for
// bit as if it had never stopped, on the same instruction set; the file records which one it was, and the report says
// when it differs.
//
// That takes every part which the next steps depend on. What draws random numbers as it goes, such as Dropout, keeps
// none of its own: they come from the generator it was given, else from the process's. Copies of a Generator have one
// state, so adding any of them adds it:
//
//   Generator generator(0);
//   MyModel model(generator);                                         // {.p = 0.5, .generator = generator}
//   checkpoint.add("scheduler", scheduler);                           // its rates are the optimizer's
//   checkpoint.add("generator", generator);                           // or default_generator()
//
// A loader that shuffles saves its generator itself; when that is the model's, too, nothing need be added.
//
// Nothing that depends on time or place is in the file: the same state of a run is the same bytes.
//
// Told after every epoch (or step) how it went, a checkpoint keeps a folder of them:
//
//   Checkpoint checkpoint({.folder = "run", .every = 5, .keep_last = 3, .best = {"accuracy", Best::max}});
//   checkpoint.step({{"accuracy", 0.97}});     run/
//                                              ├─ step-00000010.cairn   the last three of every fifth
//                                              ├─ step-00000015.cairn
//                                              ├─ step-00000020.cairn
//                                              └─ best.cairn            the one with the highest accuracy so far
//
// A new file is there, whole, before an old one goes. A run that went back to an older file leaves its later steps
// behind: those files go when it next saves a numbered one, which then is the latest. One that begins anew does not
// take the place of another: a folder with numbered files of a run that it did not load is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cairn/core/stateful.h>
#include <cairn/core/value.h>
#include <cairn/io/load.h>

namespace cairn::train {

enum class Best : std::uint8_t {
  max,  ///< The largest number is the best.
  min,
};

/// What the best checkpoint is the best in; without a metric none is kept.
struct BestBy {
  std::string metric = {};
  Best mode = Best::max;
};

struct CheckpointOptions {
  std::string folder = {};     ///< Where `step` saves; made when it is not there.
  std::int64_t every = 1;      ///< Which of its calls do: every n-th.
  std::int64_t keep_last = 0;  ///< How many of those files stay; 0: all. Those of later steps never do.
  BestBy best = {};
};

class Checkpoint {
 public:
  Checkpoint() = default;
  /// Throws ValueError for an `every` below 1 or a `keep_last` below 0.
  explicit Checkpoint(CheckpointOptions options);

  /// What is saved under `name`. The part must outlive the checkpoint. Throws ValueError for a name that is taken or
  /// empty.
  void add(std::string name, Stateful& part);

  /// What else belongs to the run ("epoch", "best accuracy"): saved beside the parts, and replaced by what the file
  /// holds when the run is resumed.
  Dict& values() { return values_; }
  const Dict& values() const { return values_; }

  /// Everything, as it is saved; tensors are the parts' own. Throws ValueError for a value named as a part.
  Value state() const;

  /// Writes `state()` to a file that appears whole or not at all; see io::save.
  void save(const std::string& path) const;

  /// Brings parts and values back from a file, whatever devices it was written on: the numbers of the parts go where
  /// the parts lie, tensors among the values as `open` maps them (where they were, unless told otherwise). Throws
  /// FormatError or IoError for the file, StateDictError, naming all of them, when parts are not in it or do not
  /// fit, DeviceError for a value whose device is absent; then nothing has changed, except as PartialLoadError says.
  LoadReport resume(const std::string& path, const CommitOptions& options = {}, const io::OpenOptions& open = {});

  /// The same from a state that is already open or loaded.
  LoadPlan plan_load(const Value& state);

  /// Says that an epoch (or whatever is counted) is done, with what was measured of it; saves into the folder what the
  /// options say, and returns the paths of the files written. Throws ValueError without a folder, or
  /// for another run's (see above), KeyError when the metric to be the best in is not among `metrics`, and as io::save;
  /// then the call has not counted, and every file that was there still is.
  std::vector<std::string> step(const Dict& metrics = {});
  std::int64_t steps() const { return steps_; }                ///< How many calls of `step` the run has seen.
  std::optional<double> best() const { return best_metric_; }  ///< The best number so far; saved with the run.

  /// As `resume`, from the newest file of `step` that is whole; the report's warnings name those that are not. Throws
  /// IoError when the folder has none.
  LoadReport load_latest(const CommitOptions& options = {}, const io::OpenOptions& open = {});
  /// As `resume`, from the best.
  LoadReport load_best(const CommitOptions& options = {}, const io::OpenOptions& open = {});

 private:
  void check_no_other_run() const;
  bool improves(double metric) const;
  std::string path_of(std::int64_t step) const;
  std::vector<std::int64_t> saved_steps() const;  ///< Those that there are files of, the newest first.

  CheckpointOptions options_;
  std::vector<std::pair<std::string, Stateful*>> parts_;
  Dict values_;
  std::int64_t steps_ = 0;
  bool resumed_ = false;  ///< From whatever file: it may go back in its folder.
  std::optional<double> best_metric_;
};

}  // namespace cairn::train
