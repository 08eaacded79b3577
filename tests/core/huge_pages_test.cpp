// That large blocks are asked for in huge pages, as Linux tells of each part of a process's memory.
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/mman.h>

#include <cairn/core.h>
#include <cairn/core/huge_pages.h>

#include "catch.h"

using namespace cairn;

namespace {

/// Whether huge pages were asked for where `at` lies: "hg" among the flags that /proc/self/smaps shows.
bool are_preferred(const void* at) {
  std::ifstream smaps("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(smaps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream words(line);
    if (words >> std::hex >> begin >> dash >> end && dash == '-')
      here = begin <= reinterpret_cast<std::uintptr_t>(at) && reinterpret_cast<std::uintptr_t>(at) < end;
    else if (here && line.starts_with("VmFlags:"))
      return (line + " ").find(" hg ") != line.npos;
  }
  return false;
}

}  // namespace

TEST_CASE("Large blocks are in huge pages where the system has them, small ones are not") {
  if (!std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled")) {
    WARN("this system has no huge pages of its own accord");
    return;
  }
  const Tensor tensor = empty({16 << 20}, {.dtype = DType::uint8});
  const char* const begin = static_cast<const char*>(tensor.raw_data());
  CHECK(are_preferred(begin));
  CHECK(are_preferred(begin + (8 << 20)));
  CHECK(are_preferred(begin + (16 << 20) - 1));
  for (const std::size_t size : {std::size_t{1} << 20, std::size_t{8} << 20}) {
    void* const block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(block != MAP_FAILED);
    prefer_huge_pages(block, size);
    CHECK(are_preferred(block) == (size > (std::size_t{4} << 20)));
    ::munmap(block, size);
  }
}
