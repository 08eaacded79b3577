// A file that is being written, as a sink.
#pragma once

#include <cstddef>

#include <cairn/io/file_system.h>
#include <cairn/io/sink.h>

namespace cairn::io {

inline constexpr std::size_t file_piece = std::size_t{1} << 20;  // what a file is written by

class FileSink final : public Sink {
 public:
  explicit FileSink(WritableFile& file) : file_(file) {}
  void write(std::span<const std::byte> bytes) override { file_.write(bytes); }
  bool may_be_written_by_any_thread() const override { return true; }

 private:
  WritableFile& file_;
};

}  // namespace cairn::io
