// How a state dict is loaded. Without options as PyTorch does it; all beyond that is asked for by name.
//
//   model.load_state_dict(state, {.strict = false});
//   model.load_state_dict(state, {.strip_wrappers = true});                             saved from a wrapper
//   model.load_state_dict(state, {.rename = {{"encoder.*", "body.*"}}});
//   model.load_state_dict(state, {.skip_mismatched = true, .except = {"head.*"}});     another number of classes
//
// The keys of the state dict are changed in this order: `strip_prefix`, `strip_wrappers`, `rename`; then `only` and
// `except` choose. The state dict itself stays as it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cairn/core/dtype.h>
#include <cairn/core/name_pattern.h>
#include <cairn/core/stateful.h>

namespace cairn::nn {

/// Which conversions a load may make where the saved dtype is not the model's.
enum class DTypePolicy : std::uint8_t {
  convert,  ///< Any, as PyTorch; each is in the report.
  widen,    ///< Those that keep every value: float16 to float32, int32 to int64.
  exact,    ///< None.
};

struct LoadOptions {
  bool strict = true;   ///< Keys that are missing or unexpected are errors, not only reported.
  bool assign = false;  ///< Take the saved tensors themselves, with their dtype and device, in place of the module's.
  DTypePolicy dtype_policy = DTypePolicy::convert;  ///< With `assign` nothing is converted.

  /// Entries whose shape does not fit, or whose dtype the policy refuses, are left out, and are in the report's
  /// `skipped`.
  bool skip_mismatched = false;

  std::string strip_prefix = {};  ///< Taken off every key that begins with it: "net.". Others stay.

  /// Take off the prefixes of wrappers, "module." (data parallel) and "_orig_mod." (compiled), in any order and number,
  /// as long as every key begins with them.
  bool strip_wrappers = false;

  /// What keys are to be called; the first rule that matches counts. A rule that matches no key is a KeyError.
  std::vector<RenameRule> rename = {};

  /// Patterns of the keys to load ("*" stands for anything), all if there is none, and of those to leave alone. What is
  /// not loaded is neither missing nor unexpected. A pattern that no key matches is a ValueError.
  std::vector<std::string> only = {}, except = {};

  CommitOptions commit = {};  ///< Staging and progress of the load itself.
};

/// Whether a load may convert so.
bool allows(DTypePolicy policy, DType from, DType to);

}  // namespace cairn::nn
