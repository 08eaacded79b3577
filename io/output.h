// Bytes on their way out, in order: counted, and handed on in large aligned pieces.
//
// A file system keeps its cache in pieces as large as the writes that made them, so a file is written by whole pieces,
// at multiples of their size; memory takes bytes as they come. Bytes that last a while are not copied for that: a piece
// is handed on as the parts it lies in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include <cairn/io/sink.h>

namespace cairn::io {

class Output {
 public:
  /// Collects up to `piece` bytes before it hands them to `sink`, which stands at `position` of the file; 0 hands on
  /// each write as it is.
  Output(Sink& sink, std::size_t piece, std::uint64_t position = 0) : sink_(sink), piece_(piece), position_(position) {}

  bool may_be_written_by_any_thread() const { return sink_.may_be_written_by_any_thread(); }

  std::uint64_t position() const { return position_; }

  bool collects() const { return piece_ != 0; }  ///< Whether bytes that last are better than others.

  void write(std::span<const std::byte> bytes) {
    write_lasting(bytes);
    settle();
  }

  /// The same for bytes that stay where they are until `settle`.
  void write_lasting(std::span<const std::byte> bytes) {
    position_ += bytes.size();
    if (piece_ == 0) return sink_.write(bytes);
    if (bytes.empty()) return;
    parts_.push_back(bytes);
    in_hand_ += bytes.size();
    const std::uint64_t start = position_ - in_hand_, boundary = position_ / piece_ * piece_;
    if (boundary > start) hand_on(static_cast<std::size_t>(boundary - start));
  }

  /// Copies what is left of lasting bytes: less than a piece.
  void settle() {
    if (in_hand_ == held_) return;
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(piece_);
    for (std::size_t i = held_ == 0 ? 0 : 1; i < parts_.size(); ++i) {
      std::memcpy(buffer_.get() + held_, parts_[i].data(), parts_[i].size());
      held_ += parts_[i].size();
    }
    parts_.assign(1, {buffer_.get(), held_});
  }

  /// Zeros up to `position`.
  void pad_to(std::uint64_t position) {
    static constexpr std::byte zeros[4096] = {};
    while (position_ < position)
      write_lasting({zeros, static_cast<std::size_t>(std::min<std::uint64_t>(sizeof zeros, position - position_))});
  }

  void flush() {
    if (in_hand_ > 0) hand_on(in_hand_);
  }

 private:
  /// The first `count` bytes in hand; those in the buffer, which reach over no multiple of the piece, are among them.
  void hand_on(std::size_t count) {
    std::size_t whole = 0, size = 0;
    while (whole < parts_.size() && size + parts_[whole].size() <= count) size += parts_[whole++].size();
    const std::size_t rest = count - size;
    std::vector<std::span<const std::byte>> out(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(whole));
    if (rest > 0) out.push_back(parts_[whole].first(rest));
    sink_.write_parts(out);
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(whole));
    if (rest > 0) parts_[0] = parts_[0].subspan(rest);
    in_hand_ -= count;
    held_ = 0;
  }

  Sink& sink_;
  std::size_t piece_, in_hand_ = 0, held_ = 0;  // held: of what is in hand, in the buffer; the first part then
  std::uint64_t position_;
  std::vector<std::span<const std::byte>> parts_;
  std::unique_ptr<std::byte[]> buffer_;
};

}  // namespace cairn::io
