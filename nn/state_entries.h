// A saved state as a load sees it: a dict or a state dict, its keys changed as the options say.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <cairn/core/state_dict.h>
#include <cairn/nn/load_options.h>

namespace cairn::nn {

class Module;

/// What the hooks before loading add to the lists of a load, by the prefix of their module.
struct HookFindings {
  std::string prefix;
  std::vector<std::string> missing_keys, unexpected_keys, error_msgs;
};

class StateEntries {
 public:
  explicit StateEntries(const StateDict& state) : state_(&state) {}
  explicit StateEntries(const Value& value);  ///< Throws TypeError for what is no dict.

  void change_keys(const LoadOptions& options);  ///< Throws KeyError and ValueError for what cannot be.

  /// Runs the hooks of `root` and all below it that want to see the state before it is loaded.
  std::vector<HookFindings> run_pre_hooks(Module& root);

  std::size_t size() const { return state_ ? state_->size() : dict_->size(); }
  const Value* find(const std::string& key) const { return state_ ? state_->find(key) : dict_->find(Key(key)); }

  /// Calls `f(key, value)` for every entry.
  template <class F>
  void for_each(F&& f) const {
    if (state_) {
      for (const auto& [key, value] : *state_) f(key, value);
    } else {
      for (const auto& [key, value] : *dict_) f(key.plain(), value);
    }
  }

  /// Finds keys that come roughly in order, without hashing them.
  class Cursor {
   public:
    explicit Cursor(const StateEntries& entries) : entries_(entries) {
      if (!entries.state_) return;
      next_ = entries.state_->begin();
      end_ = entries.state_->end();
    }
    const Value* find(const std::string& key) {
      if (next_ != end_ && next_->first == key) return &(next_++)->second;
      if (end_ - next_ > 1 && next_[1].first == key) return &(next_ += 2)[-1].second;
      return entries_.find(key);
    }

   private:
    const StateEntries& entries_;
    const StateDict::Entry *next_ = nullptr, *end_ = nullptr;
  };

  /// What the metadata records for the module with a prefix; empty in a plain dict.
  const Dict& local_metadata(const std::string& prefix) const;
  std::optional<std::int64_t> version(const std::string& prefix) const;

 private:
  StateDict& own();  ///< The entries as a dict of our own, to be changed.

  const StateDict* state_ = nullptr;
  const Dict* dict_ = nullptr;
  StateDict changed_;
};

/// What Python calls the class of a value.
std::string class_name(const Value& value);

}  // namespace cairn::nn
