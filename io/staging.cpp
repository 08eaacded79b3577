#include <cairn/io/staging.h>

#include <algorithm>

#include <cairn/io/checksum.h>
#include <cairn/io/format.h>

namespace cairn::io {

void Staging::begin(std::uint64_t limit, std::uint64_t largest, std::uint64_t total) {
  const std::uint64_t wanted = std::max(std::min(limit, total), 2 * largest);
  ring_ = memory_.get(align_up(wanted, staging_alignment));
  chunks_.clear();
  fits_ = total <= ring_.size();
  complete_ = given_up_ = false;
}

/// Where a chunk of that size can lie now.
std::optional<std::size_t> Staging::room_for(std::size_t size) const {
  if (chunks_.empty()) return 0;
  const std::size_t first = chunks_.front().offset;
  const auto end = static_cast<std::size_t>(align_up(chunks_.back().offset + chunks_.back().size, staging_alignment));
  if (chunks_.back().offset >= first) {
    if (size <= ring_.size() - std::min(end, ring_.size())) return end;
    return size < first ? std::optional<std::size_t>(0) : std::nullopt;
  }
  return end + size < first ? std::optional(end) : std::nullopt;
}

bool Staging::put(std::span<const std::byte> bytes) {
  std::size_t offset = 0;
  {
    std::unique_lock lock(mutex_);
    std::optional<std::size_t> room;
    changed_.wait(lock, [&] { return given_up_ || (room = room_for(bytes.size())); });
    if (given_up_) return false;
    offset = *room;
  }
  copy_past_cache(bytes, ring_.data() + offset);
  const std::lock_guard lock(mutex_);
  chunks_.push_back({offset, bytes.size()});
  changed_.notify_all();
  return !given_up_;
}

std::optional<std::span<const std::byte>> Staging::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return given_up_ || complete_ || (!fits_ && !chunks_.empty()); });
  if (given_up_ || chunks_.empty()) return std::nullopt;
  return ring_.subspan(chunks_.front().offset, chunks_.front().size);
}

void Staging::complete() {
  const std::lock_guard lock(mutex_);
  complete_ = true;
  changed_.notify_all();
}

void Staging::release() {
  const std::lock_guard lock(mutex_);
  chunks_.pop_front();
  changed_.notify_all();
}

void Staging::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
  changed_.notify_all();
}

}  // namespace cairn::io
