// Saving and loading with the bare calls of the system: what a file costs without a format, a checksum or a check.
//
//   save   a temporary file, writes of 2 MiB, a rename      load   reads of 1 MiB, or windows of 8 MiB that are mapped
//
// The bytes are as many as in the file that is compared, and where they come from and go to is memory used before.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cairn/core/error.h>
#include <cairn/core/huge_pages.h>
#include <cairn/io/checksum.h>

namespace benchmarks {

using Places = std::vector<std::span<std::byte>>;

/// Calls f(bytes, offset in the file) for pieces of the places, until `size` bytes are done.
template <class F>
void for_pieces(const Places& places, std::size_t piece, std::size_t size, F&& f) {
  std::size_t offset = 0;
  for (std::span<std::byte> place : places) {
    while (!place.empty() && offset < size) {
      const std::size_t next = std::min({place.size(), piece, size - offset});
      f(place.first(next), offset);
      place = place.subspan(next);
      offset += next;
    }
  }
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {
    cairn::check<cairn::IoError>(number >= 0, "bare calls: a file could not be opened");
  }
  ~Descriptor() { ::close(number_); }
  operator int() const { return number_; }

 private:
  int number_;
};

inline void all_done(ssize_t count, std::span<std::byte> bytes) {
  cairn::check<cairn::IoError>(count == static_cast<ssize_t>(bytes.size()), "bare calls: a file took fewer bytes");
}

inline void save_bare(const std::string& path, const Places& from, std::size_t size, bool synced) {
  const std::string temporary = path + ".bare";
  const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  for_pieces(from, std::size_t{2} << 20, size,
             [&](auto bytes, std::size_t) { all_done(::write(file, bytes.data(), bytes.size()), bytes); });
  if (synced) ::fsync(file);
  ::rename(temporary.c_str(), path.c_str());
  if (!synced) return;
  const std::size_t slash = path.rfind('/');
  const Descriptor folder(::open(path.substr(0, slash).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::fsync(folder);
}

inline void load_bare(const std::string& path, const Places& to, bool mapped) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  ::fstat(file, &found);
  const auto size = static_cast<std::size_t>(found.st_size);
  const std::size_t window = std::size_t{mapped ? 8u : 1u} << 20;
  for_pieces(to, window, size, [&](std::span<std::byte> bytes, std::size_t offset) {
    const auto at = static_cast<off_t>(offset);
    if (!mapped) return all_done(::pread(file, bytes.data(), bytes.size(), at), bytes);
    void* const memory = ::mmap(nullptr, bytes.size(), PROT_READ, MAP_SHARED, file, at);
    cairn::check<cairn::IoError>(memory != MAP_FAILED, "bare calls: a file could not be mapped");
    cairn::io::copy_past_cache({static_cast<const std::byte*>(memory), bytes.size()}, bytes.data());
    ::munmap(memory, bytes.size());
  });
}

/// Makes memory that is free a part of this machine again: a virtual machine gives it back to its host, from whom it
/// comes at 0.5 GB/s. In huge pages, as large writes take it; in small ones it would be of no use to them.
inline void touch_free_memory(std::size_t size) {
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  cairn::prefer_huge_pages(memory, size);
  for (std::size_t at = 0; at < size; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
  ::munmap(memory, size);
}

/// Takes a file out of the system's cache; what is not on the disk yet is brought there first.
inline void make_cold(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ::fsync(file);
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace benchmarks
