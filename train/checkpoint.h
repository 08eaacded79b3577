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
// Its parts are whatever is Stateful: modules, optimizers, generators, loaders. Resuming plans all of them before it
// changes any, so a run is brought back altogether or stays as it was. A run that is resumed goes on bit for bit as if
// it had never stopped, on the same instruction set; the file records which one it was, and the report says when it
// differs.
//
// Nothing that depends on time or place is in the file: the same state of a run is the same bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <cairn/core/stateful.h>
#include <cairn/core/value.h>
#include <cairn/io/load.h>

namespace cairn::train {

class Checkpoint {
 public:
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
  /// FormatError or IoError for the file, StateDictError when a part is not in it or does not fit, DeviceError for a
  /// value whose device is absent; then nothing has changed, except as PartialLoadError says.
  LoadReport resume(const std::string& path, const CommitOptions& options = {}, const io::OpenOptions& open = {});

  /// The same from a state that is already open or loaded.
  LoadPlan plan_load(const Value& state);

 private:
  std::vector<std::pair<std::string, Stateful*>> parts_;
  Dict values_;
};

}  // namespace cairn::train
