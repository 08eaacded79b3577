// A file that is being written, as a sink. If it is to be synced at the end, the disk is kept at work meanwhile.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <cairn/io/file_system.h>
#include <cairn/io/sink.h>

namespace cairn::io {

/// What a file of about `size` bytes is written by. The system keeps a file in pieces as large as its writes, and maps
/// them as huge pages if they are: 1 GiB mapped and copied takes 0.78 of a memcpy's time, and 1.02 if written by 1 MiB.
/// Larger ones gain nothing, and what is gathered for them leaves the cache.
inline std::size_t file_piece(std::uint64_t size) {
  return static_cast<std::size_t>(std::bit_ceil(std::clamp<std::uint64_t>(size, 64 << 10, 2 << 20)));
}
inline constexpr std::size_t sink_piece = std::size_t{1} << 20;  // what others are given at a time

class FileSink final : public Sink {
 public:
  FileSink(WritableFile& file, bool synced) : file_(file), synced_(synced) {}
  void write(std::span<const std::byte> bytes) override { write_parts({&bytes, 1}); }
  void write_parts(std::span<const std::span<const std::byte>> parts) override {
    file_.write_parts(parts);
    for (const auto part : parts) not_begun_ += part.size();
    if (!synced_ || not_begun_ < begin_every) return;
    file_.begin_sync();
    not_begun_ = 0;
  }
  bool may_be_written_by_any_thread() const override { return true; }

 private:
  static constexpr std::size_t begin_every = std::size_t{8}
                                             << 20;  // 1 GiB: 344 ms, by 32 MiB 369, at the end alone 530

  WritableFile& file_;
  bool synced_;
  std::size_t not_begun_ = 0;
};

}  // namespace cairn::io
