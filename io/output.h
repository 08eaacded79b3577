// Bytes on their way out, in order: counted, and handed on in large aligned pieces.
//
// A file system keeps its cache in pieces as large as the writes that made them, so a file is written by the MiB, at
// multiples of it; memory takes bytes as they come.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include <cairn/io/sink.h>

namespace cairn::io {

class Output {
 public:
  /// Collects up to `piece` bytes before it hands them to `sink`, which stands at `position` of the file; 0 hands on
  /// each write as it is.
  Output(Sink& sink, std::size_t piece, std::uint64_t position = 0) : sink_(sink), piece_(piece), position_(position) {}

  bool may_be_written_by_any_thread() const { return sink_.may_be_written_by_any_thread(); }

  std::uint64_t position() const { return position_; }

  void write(std::span<const std::byte> bytes) {
    position_ += bytes.size();
    if (piece_ == 0) return sink_.write(bytes);
    while (!bytes.empty()) {
      const std::size_t room = piece_ - (position_ - bytes.size()) % piece_;  // up to a multiple of the piece
      if (held_ == 0 && bytes.size() >= room) {                               // whole pieces need no copy
        const std::size_t whole = room + (bytes.size() - room) / piece_ * piece_;
        sink_.write(bytes.first(whole));
        bytes = bytes.subspan(whole);
        continue;
      }
      if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(piece_);
      const std::size_t part = std::min(bytes.size(), room);
      std::memcpy(buffer_.get() + held_, bytes.data(), part);
      held_ += part;
      bytes = bytes.subspan(part);
      if (part == room) flush();
    }
  }

  /// Zeros up to `position`.
  void pad_to(std::uint64_t position) {
    static constexpr std::byte zeros[4096] = {};
    while (position_ < position)
      write({zeros, static_cast<std::size_t>(std::min<std::uint64_t>(sizeof zeros, position - position_))});
  }

  void flush() {
    if (held_ == 0) return;
    sink_.write({buffer_.get(), held_});
    held_ = 0;
  }

 private:
  Sink& sink_;
  std::size_t piece_, held_ = 0;
  std::uint64_t position_;
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace cairn::io
