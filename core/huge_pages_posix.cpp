#include <cairn/core/huge_pages.h>

#include <cstdint>

#include <sys/mman.h>

namespace cairn {

void prefer_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t size) noexcept {
#if defined(MADV_HUGEPAGE)
  constexpr std::size_t smallest = std::size_t{4} << 20;  // one huge page at least lies within
  constexpr std::uintptr_t page = 4096;
  if (size < smallest) return;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(memory) + size;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // refused: the pages stay small
#endif
}

}  // namespace cairn
