// Dict: entries in order behind one pointer, which is null as long as there are none.
#include <functional>

#include <cairn/core/error.h>
#include <cairn/core/ordered_map.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/suggest.h>
#include <cairn/core/value.h>

namespace cairn {
namespace {

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    return key.is_text()
               ? std::hash<std::string_view>()(key.text())
               : static_cast<std::size_t>(static_cast<std::uint64_t>(key.number()) * 0x9e3779b97f4a7c15u >> 32);
  }
};

}  // namespace

struct Dict::Impl : OrderedMap<Key, Value, KeyHash> {};

std::string Key::plain() const { return is_text() ? text() : std::to_string(number()); }

Dict::Dict() = default;
Dict::~Dict() = default;
Dict::Dict(Dict&&) noexcept = default;
Dict& Dict::operator=(Dict&&) noexcept = default;

Dict::Dict(const Dict& other) : impl_(other.empty() ? nullptr : std::make_unique<Impl>(*other.impl_)) {}

Dict& Dict::operator=(const Dict& other) {
  if (this != &other) *this = Dict(other);
  return *this;
}

Dict::Dict(std::initializer_list<Entry> entries) {
  reserve(entries.size());
  for (const Entry& entry : entries) set(entry.first, entry.second);
}

std::size_t Dict::size() const { return impl_ ? impl_->entries().size() : 0; }

const Value* Dict::find(const Key& key) const { return impl_ ? std::as_const(*impl_).find(key) : nullptr; }

Value* Dict::find(const Key& key) { return impl_ ? impl_->find(key) : nullptr; }

const Value& Dict::at(const Key& key) const {
  if (const Value* value = find(key)) return *value;
  std::vector<std::string> names;
  for (const Entry& entry : *this) names.push_back(entry.first.plain());
  throw KeyError(text("dict: no key ", key, describe_keys(key.plain(), names)));
}

Value& Dict::operator[](const Key& key) {
  if (Value* value = find(key)) return *value;
  if (!impl_) impl_ = std::make_unique<Impl>();
  return impl_->add(key, Value());
}

void Dict::set(Key key, Value value) {
  if (Value* known = find(key)) {
    *known = std::move(value);
    return;
  }
  if (!impl_) impl_ = std::make_unique<Impl>();
  impl_->add(std::move(key), std::move(value));
}

bool Dict::erase(const Key& key) { return impl_ && impl_->erase(key); }

void Dict::reserve(std::size_t count) {
  if (count == 0) return;
  if (!impl_) impl_ = std::make_unique<Impl>();
  impl_->reserve(count);
}

const Dict::Entry* Dict::begin() const { return impl_ ? impl_->entries().data() : nullptr; }
const Dict::Entry* Dict::end() const { return begin() + size(); }
Dict::Entry* Dict::begin() { return impl_ ? impl_->entries().data() : nullptr; }
Dict::Entry* Dict::end() { return begin() + size(); }

}  // namespace cairn
