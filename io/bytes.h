// Numbers and records in bytes: appending to a vector, and reading from bytes nobody has vouched for.
//
// Every read names the field it is after. When the bytes run out, or a value cannot be right, the error tells the file,
// the offset and the field, so that a parser states the format and holds no error handling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/huge_pages.h>

namespace cairn::io {

template <class T>
std::span<const std::byte> bytes_of(const T& record) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_bytes(std::span(&record, 1));
}

inline void append(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

template <class T>
void append(std::vector<std::byte>& to,
            const T& record) requires(std::is_trivially_copyable_v<T> &&
                                      !std::is_convertible_v<T, std::span<const std::byte>>) {
  append(to, bytes_of(record));
}

/// Seven bits a byte, the lowest first; all bytes but the last have the top bit set (LEB128).
inline void append_count(std::vector<std::byte>& to, std::uint64_t count) {
  for (; count >= 0x80; count >>= 7) to.push_back(static_cast<std::byte>(count | 0x80));
  to.push_back(static_cast<std::byte>(count));
}

/// The i-th record of an array of them, wherever it lies.
template <class T>
T record_at(std::span<const std::byte> array, std::size_t i) {
  T record;
  std::memcpy(&record, array.data() + i * sizeof(T), sizeof(T));
  return record;
}

class ByteReader {
 public:
  /// `file` names the bytes in messages; `base` is the offset of bytes[0] in it. Both views must outlive the reader.
  ByteReader(std::span<const std::byte> bytes, std::string_view file, std::uint64_t base)
      : rest_(bytes), file_(file), offset_(base) {}

  template <class T>
  T record(const char* field) {
    T value;
    std::memcpy(&value, take(sizeof value, field).data(), sizeof value);
    return value;
  }

  std::span<const std::byte> take(std::uint64_t size, const char* field) {
    if (size > rest_.size()) [[unlikely]]
      fail(field, text(size, " bytes are wanted, but only ", rest_.size(), " are left"));
    const auto taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    offset_ += size;
    return taken;
  }

  /// What `append_count` wrote; only the shortest form is taken, so that a tree has one encoding.
  std::uint64_t count(const char* field) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(take(1, field)[0]);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift > 0) break;
        return value;
      }
    }
    fail(field, "a number is not in its shortest form, or takes more than 64 bits");
  }

  /// A count of things of which each takes at least `size` bytes: more than fit is refused before anything is
  /// allocated.
  std::uint64_t count_of(std::uint64_t size, const char* field) {
    const std::uint64_t n = count(field);
    if (n > rest_.size() / size) [[unlikely]]
      fail(field, text(n, " are announced, but the ", rest_.size(), " bytes left cannot hold them"));
    return n;
  }

  [[noreturn]] void fail(const char* field, std::string_view what) const {
    throw FormatError(text(file_, ": byte ", offset_, ": ", field, ": ", what),
                      {.file = std::string(file_), .offset = offset_, .section = "index"});
  }

  std::uint64_t offset() const { return offset_; }
  std::uint64_t left() const { return rest_.size(); }

 private:
  std::span<const std::byte> rest_;
  std::string_view file_;
  std::uint64_t offset_;
};

/// Memory that grows and is not filled: what is asked for anew holds nothing of before.
class Buffer {
 public:
  std::span<std::byte> get(std::size_t size) {
    if (size > capacity_) {
      memory_.reset();
      capacity_ = 0;
      memory_ = std::make_unique_for_overwrite<std::byte[]>(size);
      capacity_ = size;
      prefer_huge_pages(memory_.get(), size);
    }
    return {memory_.get(), size};
  }

  /// Gives memory beyond `size` back.
  void shrink(std::size_t size) {
    if (capacity_ <= size) return;
    memory_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::size_t capacity_ = 0;
};

}  // namespace cairn::io
