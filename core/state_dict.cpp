// StateDict: named entries in order with metadata, behind one pointer that is null as long as there is nothing.
#include <cairn/core/state_dict.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/deferred.h>
#include <cairn/core/error.h>
#include <cairn/core/ordered_map.h>
#include <cairn/core/rewrite_tensors.h>
#include <cairn/core/suggest.h>
#include <cairn/core/tensor_impl.h>

namespace cairn {
namespace {

struct NameHash {
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
};

}  // namespace

struct StateDict::Impl {
  OrderedMap<std::string, Value, NameHash> map;
  Dict metadata;
};

StateDict::StateDict() = default;
StateDict::~StateDict() = default;
StateDict::StateDict(StateDict&&) noexcept = default;
StateDict& StateDict::operator=(StateDict&&) noexcept = default;

StateDict::StateDict(const StateDict& other) : impl_(other.impl_ ? std::make_unique<Impl>(*other.impl_) : nullptr) {}

StateDict& StateDict::operator=(const StateDict& other) {
  if (this != &other) *this = StateDict(other);
  return *this;
}

StateDict::StateDict(std::initializer_list<Entry> entries) {
  reserve(entries.size());
  for (const Entry& entry : entries) set(entry.first, entry.second);
}

std::size_t StateDict::size() const { return impl_ ? impl_->map.entries().size() : 0; }

const Value* StateDict::find(std::string_view key) const {
  return impl_ ? std::as_const(impl_->map).find(key) : nullptr;
}

Value* StateDict::find(std::string_view key) { return impl_ ? impl_->map.find(key) : nullptr; }

const Value& StateDict::value_at(std::string_view key) const& {
  if (const Value* value = find(key)) return *value;
  throw KeyError(text("state dict: no key ", to_string(Key(key)), describe_keys(key, keys())));
}

const Tensor& StateDict::at(std::string_view key) const& {
  const Value& value = value_at(key);
  check<TypeError>(value.is(Value::Kind::tensor), "state dict: ", to_string(Key(key)), ": expected a Tensor, found ",
                   name(value.kind()), "; value_at gives entries of any kind");
  return value.as_tensor();
}

void StateDict::set(std::string key, Value value) {
  if (Value* known = find(key)) {
    *known = std::move(value);
    return;
  }
  if (!impl_) impl_ = std::make_unique<Impl>();
  impl_->map.add(std::move(key), std::move(value));
}

Value StateDict::pop(std::string_view key) {
  value_at(key);  // throws if it is not there
  Value taken = std::move(*find(key));
  impl_->map.erase(key);
  return taken;
}

void StateDict::update(const StateDict& other) {
  if (&other == this) return;
  for (const Entry& entry : other) set(entry.first, entry.second);
}

void StateDict::reserve(std::size_t count) {
  if (count == 0) return;
  if (!impl_) impl_ = std::make_unique<Impl>();
  impl_->map.reserve(count);
}

std::vector<std::string> StateDict::keys() const {
  std::vector<std::string> keys;
  keys.reserve(size());
  for (const Entry& entry : *this) keys.push_back(entry.first);
  return keys;
}

const StateDict::Entry* StateDict::begin() const { return impl_ ? impl_->map.entries().data() : nullptr; }
const StateDict::Entry* StateDict::end() const { return begin() + size(); }

const Dict& StateDict::metadata() const {
  static const Dict none;
  return impl_ ? impl_->metadata : none;
}

Dict& StateDict::metadata() {
  if (!impl_) impl_ = std::make_unique<Impl>();
  return impl_->metadata;
}

namespace {

/// Copies tensors so that those on one storage are on one storage again: of each storage the part that is looked at is
/// copied once, from the first element in use to the last.
class Snapshot {
 public:
  void see(const Tensor& tensor) {
    if (tensor.numel() == 0) return;
    const auto [first, last] = extent(tensor);
    Part& part = parts_.try_emplace(key(tensor), Part{first, last, {}}).first->second;
    part.first = std::min(part.first, first);
    part.last = std::max(part.last, last);
  }

  Tensor copy(const Tensor& tensor) {
    if (const auto known = copies_.find(tensor.impl()); known != copies_.end()) return known->second;
    Tensor copy;
    if (tensor.numel() == 0) {
      copy = empty(tensor.shape(), {.dtype = tensor.dtype(), .device = tensor.device()});
    } else {
      Part& part = parts_.at(key(tensor));
      if (!part.copy.defined()) part.copy = tensor.as_strided({part.last - part.first + 1}, {1}, part.first).clone();
      copy = part.copy.as_strided(tensor.shape(), tensor.strides(), tensor.storage_offset() - part.first).detach();
    }
    if (tensor.requires_grad() && tensor.is_leaf()) copy.requires_grad_();
    if (is_parameter(tensor)) set_is_parameter(copy);
    copies_.emplace(tensor.impl(), copy);
    return copy;
  }

 private:
  struct Part {
    std::int64_t first, last;  // elements of the storage
    Tensor copy;
  };
  using StorageKey = std::pair<const Storage*, DType>;

  static StorageKey key(const Tensor& tensor) { return {tensor.impl()->storage.get(), tensor.dtype()}; }

  static std::pair<std::int64_t, std::int64_t> extent(const Tensor& tensor) {
    std::int64_t last = tensor.storage_offset();
    for (int i = 0; i < tensor.dim(); ++i) last += (tensor.shape()[i] - 1) * tensor.strides()[i];
    return {tensor.storage_offset(), last};
  }

  std::map<StorageKey, Part> parts_;
  std::map<const TensorImpl*, Tensor> copies_;
};

}  // namespace

StateDict StateDict::snapshot() const {
  const NoGrad no_grad;
  Value here = materialize(Value(*this));
  Snapshot snapshot;
  here.for_each_tensor([&](const std::string&, const Tensor& tensor) {
    if (tensor.defined()) snapshot.see(tensor);
  });
  rewrite_tensors(here, [&](const Tensor& tensor) { return tensor.defined() ? snapshot.copy(tensor) : tensor; });
  return std::move(here.as_state_dict());
}

}  // namespace cairn
