// Entries in insertion order with lookup by hash: what Dict and StateDict are made of.
//
// The entries lie in one vector. Beyond a few of them an open-addressed table of (hash, position), probed linearly,
// says where a key lies; below that, comparing the keys one by one is faster and takes no memory. Adding either
// succeeds or changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace cairn {

/// `Hash` takes a `K` and everything a `K` is looked up by.
template <class K, class V, class Hash>
class OrderedMap {
 public:
  using Entry = std::pair<K, V>;

  std::vector<Entry>& entries() { return entries_; }
  const std::vector<Entry>& entries() const { return entries_; }

  template <class Lookup>
  const V* find(const Lookup& key) const {
    const std::size_t position = position_of(key);
    return position == none ? nullptr : &entries_[position].second;
  }
  template <class Lookup>
  V* find(const Lookup& key) {
    const std::size_t position = position_of(key);
    return position == none ? nullptr : &entries_[position].second;
  }

  /// Adds an entry under a key that is not there yet.
  V& add(K key, V value) {
    const std::size_t position = entries_.size();
    make_room(position + 1);
    const std::size_t hash = slots_.empty() ? 0 : Hash()(key);
    entries_.emplace_back(std::move(key), std::move(value));
    if (!slots_.empty()) insert(hash, position);
    return entries_.back().second;
  }

  template <class Lookup>
  bool erase(const Lookup& key) {
    const std::size_t position = position_of(key);
    if (position == none) return false;
    if (!slots_.empty()) {
      std::vector<Slot> before(slots_.size());
      before.swap(slots_);
      for (const Slot& slot : before) {
        if (slot.position == 0 || slot.position - 1 == position) continue;
        insert(slot.hash, slot.position - 1 > position ? slot.position - 2 : slot.position - 1);
      }
    }
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(position));
    return true;
  }

  void reserve(std::size_t count) {
    entries_.reserve(count);
    make_room(count);
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static constexpr std::size_t indexed_from = 9;

  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t position = 0;  // plus one; 0 is an empty slot
  };

  template <class Lookup>
  std::size_t position_of(const Lookup& key) const {
    if (slots_.empty()) {
      for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].first == key) return i;
      }
      return none;
    }
    const auto hash = static_cast<std::uint32_t>(Hash()(key));
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask; slots_[i].position; i = (i + 1) & mask) {
      const std::size_t position = slots_[i].position - 1;
      if (slots_[i].hash == hash && entries_[position].first == key) return position;
    }
    return none;
  }

  /// Keeps the table at most half full.
  void make_room(std::size_t count) {
    if (count < indexed_from || 2 * count <= slots_.size()) return;
    std::size_t size = 32;
    while (size < 4 * count) size *= 2;
    std::vector<Slot> larger(size);
    larger.swap(slots_);
    for (std::size_t i = 0; i < entries_.size(); ++i) insert(Hash()(entries_[i].first), i);
  }

  void insert(std::size_t hash, std::size_t position) {
    const auto short_hash = static_cast<std::uint32_t>(hash);
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = short_hash & mask;
    while (slots_[i].position) i = (i + 1) & mask;
    slots_[i] = {short_hash, static_cast<std::uint32_t>(position + 1)};
  }

  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
};

}  // namespace cairn
