#include "memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "sanitizers.h"

namespace emulation {
namespace {

constexpr std::size_t capacity = std::size_t{16} << 30;  // of address space
constexpr std::size_t alignment = 512, least_rim = 64, page = std::size_t{2} << 20;
constexpr std::size_t most_filled = std::size_t{16} << 20;  // larger blocks are not filled to the end
constexpr int fresh = 0xff, stale = 0xdb, rim = 0xcb;

std::size_t rounded(std::size_t size, std::size_t to) { return (size + to - 1) / to * to; }

}  // namespace

// Large pages, where the system has them: rights are changed page by page, each time work is done.
Memory::Memory() {
  void* const memory = mmap(nullptr, capacity + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  base_ = reinterpret_cast<char*>(rounded(reinterpret_cast<std::uintptr_t>(memory), page));
  madvise(base_, capacity, MADV_HUGEPAGE);
  free_[0] = capacity;
}

std::size_t Memory::whole(std::size_t size) { return rounded(size + least_rim, alignment); }

void* Memory::take(std::size_t size) {
  const std::size_t whole = Memory::whole(size);
  for (auto range = free_.begin(); range != free_.end(); ++range) {
    if (range->second < whole) continue;
    const std::size_t at = range->first, left = range->second - whole;
    free_.erase(range);
    if (left) free_[at + whole] = left;
    used_[at] = {size, whole};
    if (at + whole > high_) {
      high_ = rounded(at + whole, page);
      if (opened_) protect(true);
    }
    return base_ + at;
  }
  return nullptr;
}

void Memory::prepare(void* block) {
  const auto found = used_.find(static_cast<std::size_t>(static_cast<char*>(block) - base_));
  if (found == used_.end()) return;
  const auto [size, whole] = found->second;
  char* const begin = static_cast<char*>(block);
  permit(begin, whole);
  std::memset(begin, fresh, std::min(size, most_filled));
  std::memset(begin + size, rim, whole - size);
  forbid(begin + size, whole - size);
}

std::string Memory::give_back(void* block) {
  const std::size_t at = static_cast<std::size_t>(static_cast<char*>(block) - base_);
  const auto used = used_.find(at);
  if (used == used_.end()) return "memory was given back that was not allocated";
  const auto [size, whole] = used->second;
  char* const begin = static_cast<char*>(block);
  permit(begin, whole);
  const bool intact = std::all_of(begin + size, begin + whole, [](char c) { return c == static_cast<char>(rim); });
  if (whole > most_filled)
    madvise(base_ + rounded(at, page), (at + whole) / page * page - rounded(at, page), MADV_DONTNEED);
  else
    std::memset(begin, stale, whole);
  forbid(begin, whole);
  used_.erase(used);

  std::size_t from = at, length = whole;
  auto after = free_.lower_bound(at);
  if (after != free_.end() && after->first == at + whole) {
    length += after->second;
    after = free_.erase(after);
  }
  if (after != free_.begin())
    if (const auto before = std::prev(after); before->first + before->second == at) {
      from = before->first;
      length += before->second;
      free_.erase(before);
    }
  free_[from] = length;
  return intact ? "" : "something wrote beyond the end of " + std::to_string(size) + " bytes of device memory";
}

bool Memory::holds(const void* address) const { return address >= base_ && address < base_ + capacity; }

bool Memory::in_block(const void* address, std::size_t size) const {
  if (!holds(address)) return false;
  const std::size_t at = static_cast<std::size_t>(static_cast<const char*>(address) - base_);
  auto after = used_.upper_bound(at);
  if (after == used_.begin()) return false;
  --after;
  return at - after->first <= after->second.size && size <= after->second.size - (at - after->first);
}

std::size_t Memory::whole_of(void* block) const {
  const auto used = used_.find(static_cast<std::size_t>(static_cast<char*>(block) - base_));
  return used == used_.end() ? 0 : used->second.whole;
}

void Memory::protect(bool open) {
  if (high_ && mprotect(base_, high_, open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) std::abort();
}

Memory::Open::Open(Memory& memory) : memory_(memory) {
  if (memory_.opened_++ == 0) memory_.protect(true);
}
Memory::Open::~Open() {
  if (--memory_.opened_ == 0) memory_.protect(false);
}

}  // namespace emulation
