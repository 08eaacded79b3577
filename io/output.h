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

namespace cairn::io {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;
};

class Output {
 public:
  /// Collects up to `piece` bytes before it hands them to `sink`; 0 hands on each write as it is.
  Output(Sink& sink, std::size_t piece) : sink_(sink), piece_(piece) {}

  std::uint64_t position() const { return position_; }

  void write(std::span<const std::byte> bytes) {
    position_ += bytes.size();
    if (piece_ == 0) return sink_.write(bytes);
    while (!bytes.empty()) {
      if (held_ == 0 && bytes.size() >= piece_) {  // whole pieces need no copy
        const std::size_t whole = bytes.size() / piece_ * piece_;
        sink_.write(bytes.first(whole));
        bytes = bytes.subspan(whole);
        continue;
      }
      if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(piece_);
      const std::size_t part = std::min(bytes.size(), piece_ - held_);
      std::memcpy(buffer_.get() + held_, bytes.data(), part);
      held_ += part;
      bytes = bytes.subspan(part);
      if (held_ == piece_) flush();
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
  std::uint64_t position_ = 0;
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace cairn::io
