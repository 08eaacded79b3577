// What has a state that can be saved and loaded: modules, optimizers, generators, samplers.
//
// Loading is in two steps. `plan_load` matches a saved state with what is there and throws, with every fault at once
// and nothing changed, if it does not fit. `commit` then moves the numbers. Several plans are joined and committed
// together, so that a checkpoint of a whole run is loaded altogether or not at all.
//
//   LoadPlan plan = model.plan_load(run["model"]);
//   plan.append(optimizer.plan_load(run["optimizer"]));
//   plan.commit();
//
// Up to `staging` bytes are read and checked aside before the first number of a target changes: the load is atomic.
// More than that is checked first and then filled in place; should reading fail only then, PartialLoadError names every
// tensor already overwritten. Tensors that are already in memory need no reading; those that overlap a target are
// staged.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cairn/core/deferred.h>
#include <cairn/core/error.h>
#include <cairn/core/progress.h>
#include <cairn/core/value.h>

namespace cairn {

/// What a load did. Prints as PyTorch's result: `<All keys matched successfully>` or `_IncompatibleKeys(...)`.
struct LoadReport {
  std::vector<std::string> missing_keys;
  std::vector<std::string> unexpected_keys;
  std::vector<std::string> conversions;  ///< "fc.weight: float64 -> float32"
  std::vector<std::string> skipped;      ///< "fc.weight: [10, 5] from checkpoint, [2, 5] in model", where one may skip.
  std::vector<std::string> ties;         ///< Names whose numbers another name overwrote: both lead to the same tensor.
  std::vector<std::string> warnings;

  void append(LoadReport&& other);
};

std::string to_string(const LoadReport& report);
std::ostream& operator<<(std::ostream& out, const LoadReport& report);

/// A load that failed after it had begun to overwrite: the tensors named hold new or mixed numbers.
struct PartialLoadError : Error {
  PartialLoadError(std::string message, std::vector<std::string> overwritten);
  std::vector<std::string> overwritten;
};

struct CommitOptions {
  std::uint64_t staging = std::uint64_t{256} << 20;  ///< Bytes, decoded; UINT64_MAX makes any load atomic.
  Progress progress = {};
};

class LoadPlan {
 public:
  /// Numbers to move at commit. Throws ShapeError unless the shapes agree, ValueError for a source without numbers or a
  /// target that is deferred; a difference of dtype goes into the report's conversions. A meta target stays as it is.
  void transfer(std::string name, Tensor from, Tensor to);

  /// Done after all numbers are in place, in the order given. Must not throw: allocate beforehand and only swap here.
  /// What throws all the same becomes a PartialLoadError once the others are done.
  void then(std::function<void()> assign);

  void append(LoadPlan&& other);
  LoadReport& report() { return report_; }
  const LoadReport& report() const { return report_; }
  const std::vector<Transfer>& transfers() const { return transfers_; }

  /// Carries the plan out, once; returns the report. On any error but PartialLoadError nothing has changed, and commit
  /// may be tried again.
  LoadReport commit(const CommitOptions& options = {});

 private:
  std::vector<Transfer> transfers_;
  std::vector<std::function<void()>> assignments_;
  LoadReport report_;
  bool carried_out_ = false;
};

class Stateful {
 public:
  virtual ~Stateful() = default;
  virtual Value state() const = 0;
  virtual LoadPlan plan_load(const Value& state) = 0;
};

}  // namespace cairn
