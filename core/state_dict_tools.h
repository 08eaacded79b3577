// Taking state dicts apart and putting them together: choosing, renaming, merging and averaging their entries.
//
//   StateDict backbone = filter(state, {.only = {"backbone.*"}});
//   StateDict plain = strip_prefix(state, "module.");                  saved from a wrapper
//   StateDict old = rename(state, {{"encoder.*", "body.*"}});
//   StateDict middle = lerp(a, b, 0.5);                                 a model between two
//   Merged merged = merge(a, b, {.on_clash = OnClash::average});        merged.state, merged.from_first, ...
//
// Each gives a new dict. Entries that are only chosen, renamed or taken over name the same numbers as before; those
// that are averaged are new. The versions in the metadata follow their modules to their new names. Whatever does not
// fit is refused with every fault at once.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <cairn/core/name_pattern.h>
#include <cairn/core/state_dict.h>

namespace cairn {

/// Which names to keep: those that match a pattern of `only`, or all if there is none, and no pattern of `except`.
struct NameFilter {
  std::vector<std::string> only = {}, except = {};

  bool keeps(std::string_view name) const;
};

StateDict filter(const StateDict& state, const NameFilter& names);
StateDict filter(const StateDict& state, const std::function<bool(const std::string& key, const Value& value)>& keep);

/// Every key under the first rule that matches it; as it is if none does. Throws ValueError for a rule that is none,
/// KeyError for a rule that matches no key, and for two keys that get one name.
StateDict rename(const StateDict& state, const std::vector<RenameRule>& rules);
/// The same by a function. Throws KeyError for two keys that get one name.
StateDict rename(const StateDict& state, const std::function<std::string(const std::string& key)>& new_name);

StateDict add_prefix(const StateDict& state, const std::string& prefix);    ///< "module." before every key.
StateDict strip_prefix(const StateDict& state, const std::string& prefix);  ///< Off those keys that begin with it.

/// PyTorch's: `strip_prefix` in place, the keys that were stripped behind the others.
void consume_prefix_in_state_dict_if_present(StateDict& state, const std::string& prefix);

/// What becomes of a key that both dicts have.
enum class OnClash : std::uint8_t {
  first,    ///< The first dict's entry.
  second,   ///< The second's.
  average,  ///< The mean of both. Never of tensors whose shapes or dtypes differ: that is an error.
  error,    ///< StateDictError, which names all of them.
};

struct MergeOptions {
  OnClash on_clash = OnClash::error;
};

/// Two dicts in one, and what came from where. What is no floating-point tensor, such as a count of batches, is never
/// averaged: it comes from the first.
struct Merged {
  StateDict state;                                   ///< The keys of the first, then those only the second has.
  std::vector<std::string> from_first, from_second;  ///< Also of the keys that clashed.
  std::vector<std::string> averaged;
  std::vector<std::string> clashes;  ///< The keys that both had.
};

/// Throws StateDictError, naming every key, for clashes that `options` do not allow.
Merged merge(const StateDict& first, const StateDict& second, const MergeOptions& options = {});

/// The mean of the models, each with its weight, or all alike: computed in float64, or complex64 as it is, and rounded
/// to the dtype. What is no floating-point tensor is the first's. Throws ValueError without models or with another
/// number of weights, StateDictError, naming every key, unless all have the same keys with the same shapes and dtypes.
StateDict average(std::span<const StateDict> states, std::span<const double> weights = {});

/// a + weight * (b - a), the model between two, or beyond one. As `average` otherwise.
StateDict lerp(const StateDict& a, const StateDict& b, double weight);

}  // namespace cairn
