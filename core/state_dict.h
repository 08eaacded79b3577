// A state dict: named tensors in order, with metadata. The narrow waist: nn and optim say what their state is, io
// writes it.
//
// It has OrderedDict's interface. Entries are handles: assigning a key rebinds the entry and leaves the model alone; an
// in-place operation on the entry (`state.at("fc.bias").fill_(0)`) writes the model's own numbers. An entry is a tensor
// as a rule; a module's extra state may be any Value.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/core/value.h>

namespace cairn {

class StateDict {
 public:
  using Entry = std::pair<std::string, Value>;

  StateDict();
  StateDict(std::initializer_list<Entry> entries);
  StateDict(const StateDict&);
  StateDict(StateDict&&) noexcept;
  StateDict& operator=(const StateDict&);
  StateDict& operator=(StateDict&&) noexcept;
  ~StateDict();

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);

  const Tensor& at(std::string_view key) const&;  ///< Throws KeyError naming the nearest key, TypeError if no tensor.
  const Value& value_at(std::string_view key) const&;                          ///< The entry whatever its kind.
  Tensor at(std::string_view key) && { return std::as_const(*this).at(key); }  ///< Of a dict that is about to go.
  Value value_at(std::string_view key) && { return std::as_const(*this).value_at(key); }
  void set(std::string key, Value value);  ///< A known key keeps its place, a new one goes last.
  Value pop(std::string_view key);         ///< Removes and returns; throws KeyError.
  void update(const StateDict& other);     ///< `set` for every entry of `other`.
  void reserve(std::size_t count);

  std::vector<std::string> keys() const;
  const Entry* begin() const;
  const Entry* end() const;

  StateDict copy() const { return *this; }  ///< Shallow: the entries name the same numbers.
  StateDict snapshot() const;               ///< Owned numbers; entries that shared storage share again.

  /// `_metadata`: module path ("" for the root) -> dict with "version". Lost when a user rebuilds the dict, as in
  /// PyTorch.
  const Dict& metadata() const;
  Dict& metadata();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string to_string(
    const StateDict& state);  ///< `OrderedDict([('weight', tensor([1., 2.]))])`, laid out as a notebook does.
std::ostream& operator<<(std::ostream& out, const StateDict& state);

/// "odict_keys(['weight', 'bias'])"
std::string keys_text(const StateDict& state);

}  // namespace cairn
