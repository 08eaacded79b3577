// IDX files for tests, byte by byte, and gzip's simplest form: stored blocks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

inline std::string little_endian(std::uint32_t value) {
  std::string bytes = big_endian(value);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

/// An IDX file of the type code and extents, with `numbers` as they are.
inline std::string idx(std::uint8_t code, std::initializer_list<std::uint32_t> extents, const std::string& numbers) {
  std::string bytes = {0, 0, static_cast<char>(code), static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents) bytes += big_endian(extent);
  return bytes + numbers;
}

inline std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

/// RFC 1952 around stored blocks of RFC 1951.
inline std::string gzip(const std::string& bytes) {
  std::string packed = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, '\xff'};
  std::size_t start = 0;
  do {
    const std::size_t length = std::min<std::size_t>(bytes.size() - start, 0xffff);
    const bool last = start + length == bytes.size();
    const auto size = static_cast<std::uint32_t>(length);
    packed += last ? '\1' : '\0';
    packed += little_endian(size | (~size << 16));
    packed += bytes.substr(start, length);
    start += length;
  } while (start < bytes.size());
  return packed + little_endian(crc32(bytes)) + little_endian(static_cast<std::uint32_t>(bytes.size()));
}

/// `count` pictures of 2 x 3 pixels, each pixel the number of its picture, and their labels.
inline std::string idx_images(std::uint32_t count) {
  std::string numbers;
  for (std::uint32_t i = 0; i < count; ++i) numbers += std::string(6, static_cast<char>(i % 256));
  return idx(0x08, {count, 2, 3}, numbers);
}
inline std::string idx_labels(std::uint32_t count) {
  std::string numbers;
  for (std::uint32_t i = 0; i < count; ++i) numbers += static_cast<char>(i % 10);
  return idx(0x08, {count}, numbers);
}
