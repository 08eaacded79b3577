// Checkpoints far larger than memory may be used: what is alike costs nothing, and everything goes piece by piece.
#include "catch.h"

#include <fstream>
#include <string>

#include <sys/mman.h>

#include "temporary_folder.h"

#include <cairn/core.h>
#include <cairn/io.h>

using namespace cairn;

namespace {

/// The most memory the process has used, in MiB.
long peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6)) / 1024;
  }
  return 0;
}

}  // namespace

TEST_CASE("8 GiB of constant numbers are saved, verified, sliced and appended in little memory", "[io][large]") {
  constexpr std::size_t size = std::size_t{1} << 30;
  // Zeros that the system holds once, as often as they are looked at.
  void* const zeros = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(zeros != MAP_FAILED);
  const TemporaryFolder folder;
  const std::string path = folder.file("large.cairn");
  [[maybe_unused]] const long before = peak_memory();
  {
    StateDict state;
    for (int i = 0; i < 8; ++i) state.set("t" + std::to_string(i), from_borrowed(zeros, {size / 4}, DType::float32));
    io::save(path, state, {.synced = false});
  }
  CHECK(io::open_source(path)->size() < 1 << 20);
  CHECK(io::verify(path).empty());
  const Value opened = io::open(path);
  const Tensor slice = materialize(opened["t5"].as_tensor().narrow(0, 123456789, 262144));
  CHECK(slice.sum().item() == 0);
  io::append(path, opened, {.synced = false});  // read and hashed chunk by chunk, and found unchanged
  CHECK(io::generations(path).size() == 2);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)  // which keep memory about memory
  if (before > 0) CHECK(peak_memory() - before < 256);
#endif
  ::munmap(zeros, size);
}
