// How copying a module copies its members: deeply, and keeping ties.
//
// C++ copies `struct Net : Module { Parameter weight; Child<Linear> fc; }` base first, then member by member, and tells
// no member of what it is a part. So the base leaves word: copying a Module opens a session, "this module is being made
// of that one, whose members are ...", and each member that is copied finds the session by its source, takes its place
// in the copy and clones its numbers. The session closes itself when all members have come, or when the copy is
// destroyed half-made.
//
// Ties: before the first number is copied, the walk over the whole source finds what has more than one name. Only then
// is there a TieMemo, which gives the same clone every time it is asked for the same tensor or module.
//
// Sessions belong to the thread that copies.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <cairn/core/tensor.h>

namespace cairn {
class Storage;
}

namespace cairn::nn {

class Module;

/// What is tied inside the source of a copy, and the clones made of it so far.
class TieMemo {
 public:
  /// Null if nothing below `module` has two names.
  static std::shared_ptr<TieMemo> of(const Module& module);

  Tensor copy(const Tensor& tensor);
  std::shared_ptr<Module> copy(const std::shared_ptr<Module>& module);  ///< Null unless a tied one is copied already.
  void remember(const Module* module, std::shared_ptr<Module> copy);

 private:
  struct Count;
  static void walk(const Module& module, Count& count);

  std::unordered_set<const Module*> tied_modules_;
  std::unordered_set<const TensorImpl*> tied_tensors_;
  std::unordered_set<const Storage*> tied_storages_;  ///< Seen through several tensors.
  std::unordered_map<const TensorImpl*, Tensor> tensors_;
  std::unordered_map<const Storage*, Tensor> storages_;
  std::unordered_map<const Module*, std::shared_ptr<Module>> modules_;
};

class CopySession {
 public:
  enum class Kind { copy, move, assign };

  /// Opens a session that waits for the members at the distances `pending` of the source; none if there are none.
  static void open(Module* destination, const Module* source, Kind kind, std::shared_ptr<TieMemo> memo,
                   std::vector<std::ptrdiff_t> pending);

  /// Forgets the session, if there is one, of a module that is about to go.
  static void close(Module* destination);

  /// The session in which the member at `offset` of `source` still awaits its copy; null if there is none.
  static CopySession* find(const Module* source, std::ptrdiff_t offset);

  /// The memo for the copy of `module`: that of the module above it that is being copied, or a new one.
  static std::shared_ptr<TieMemo> memo_for(const Module& module);

  Module* destination() const { return destination_; }
  Kind kind() const { return kind_; }
  Tensor copy(const Tensor& tensor) const;
  std::shared_ptr<Module> copy(const std::shared_ptr<Module>& module) const;
  void arrived(std::ptrdiff_t offset);  ///< Waits no more for that one; closes with the last, after which this is gone.

 private:
  Module* destination_ = nullptr;
  const Module* source_ = nullptr;
  Kind kind_ = Kind::copy;
  std::shared_ptr<TieMemo> memo_;
  std::vector<std::ptrdiff_t> pending_;
};

/// New numbers: a leaf, outside the graph, a parameter if `tensor` is one.
Tensor clone_tensor(const Tensor& tensor);

/// A copy of a module below one that is being copied: `memo` knows the ties of the whole, and may be null.
std::shared_ptr<Module> copy_nested(const std::shared_ptr<Module>& module, const std::shared_ptr<TieMemo>& memo);

}  // namespace cairn::nn
