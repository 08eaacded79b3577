// Reads a file from front to back, unpacking it where it is packed by gzip (RFC 1952): its first two bytes decide.
//
// Every read names what it is after, so that a parser built on this holds no error handling of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace cairn::train {

class GzipReader {
 public:
  explicit GzipReader(const std::string& path);  ///< Throws IoError.
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  /// Fills `bytes`. Throws FormatError when the file ends first or is damaged, IoError when it cannot be read.
  void read(std::span<std::byte> bytes, std::string_view field);

  /// Throws FormatError unless everything was read, and what gzip packed is whole up to its checksum.
  void expect_end();

  std::uint64_t offset() const { return offset_; }  ///< In the unpacked bytes.

  /// No file of this size unpacks to more: gzip's best is 1,032 bytes from one.
  std::uint64_t largest_content() const;

 private:
  struct Stream;  // gzip_reader.cpp

  std::size_t read_some(std::span<std::byte> bytes, std::string_view field);
  std::size_t unpack_some(std::span<std::byte> bytes, std::string_view field);
  bool fill(std::string_view field);
  [[noreturn]] void refuse(const std::string& fault) const;

  std::string path_;
  std::uint64_t file_size_ = 0;
  std::uint64_t offset_ = 0;
  std::unique_ptr<Stream> stream_;
};

}  // namespace cairn::train
