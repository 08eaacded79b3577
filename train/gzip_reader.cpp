// zlib unpacks; this file feeds it, and tells a file that is whole from one that is cut short, damaged, or goes on.
#include <cairn/train/gzip_reader.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <system_error>

#include <cairn/core/error.h>

namespace cairn::train {

struct GzipReader::Stream {
  std::ifstream file;
  std::array<Bytef, 1 << 16> input;
  z_stream inflater{};  // its input is what is left of `input`
  bool packed = false;
  bool member_ended = false;  // a gzip file is one member after another

  ~Stream() {
    if (packed) inflateEnd(&inflater);
  }
};

GzipReader::GzipReader(const std::string& path) : path_(path), stream_(std::make_unique<Stream>()) {
  std::error_code error;
  file_size_ = std::filesystem::file_size(path, error);
  if (error) throw IoError(text(path, ": cannot be opened: ", error.message()), {.file = path});
  errno = 0;
  stream_->file.open(path, std::ios::binary);
  if (!stream_->file) throw IoError(text(path, ": cannot be opened: ", std::strerror(errno)), {.file = path});
  fill("the first bytes");
  constexpr int largest_window_of_gzip = 15 + 16;
  if (stream_->inflater.avail_in >= 2 && stream_->input[0] == 0x1f && stream_->input[1] == 0x8b) {
    if (inflateInit2(&stream_->inflater, largest_window_of_gzip) != Z_OK) throw std::bad_alloc();
    stream_->packed = true;
  }
}

GzipReader::~GzipReader() = default;

std::uint64_t GzipReader::largest_content() const {
  constexpr std::uint64_t best_ratio = 1032;
  return stream_->packed ? file_size_ * best_ratio : file_size_;
}

void GzipReader::refuse(const std::string& fault) const {
  throw FormatError(text(path_, ": byte ", offset_, ": ", fault), {.file = path_, .offset = offset_});
}

/// Makes sure there is input; false at the end of the file.
bool GzipReader::fill(std::string_view field) {
  z_stream& inflater = stream_->inflater;
  if (inflater.avail_in > 0) return true;
  errno = 0;
  stream_->file.read(reinterpret_cast<char*>(stream_->input.data()),
                     static_cast<std::streamsize>(stream_->input.size()));
  if (stream_->file.bad()) {
    throw IoError(text(path_, ": byte ", offset_, ": ", field, " cannot be read: ", std::strerror(errno)),
                  {.file = path_, .offset = offset_});
  }
  inflater.next_in = stream_->input.data();
  inflater.avail_in = static_cast<uInt>(stream_->file.gcount());
  return inflater.avail_in > 0;
}

std::size_t GzipReader::unpack_some(std::span<std::byte> bytes, std::string_view field) {
  z_stream& inflater = stream_->inflater;
  if (stream_->member_ended) {
    if (!fill(field)) return 0;
    inflateReset(&inflater);
    stream_->member_ended = false;
  }
  inflater.next_out = reinterpret_cast<Bytef*>(bytes.data());
  inflater.avail_out = static_cast<uInt>(std::min(bytes.size(), std::size_t{1} << 30));
  const uInt wanted = inflater.avail_out;
  while (inflater.avail_out == wanted && !stream_->member_ended) {
    if (!fill(field)) refuse(text("the packed file is cut short in or just after ", field));
    const int code = inflate(&inflater, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      refuse(text("what gzip packed is damaged in or after ", field, inflater.msg != nullptr ? ": " : "",
                  inflater.msg != nullptr ? inflater.msg : ""));
    }
    stream_->member_ended = code == Z_STREAM_END;
  }
  return wanted - inflater.avail_out;
}

/// At least one byte, or 0 at the end.
std::size_t GzipReader::read_some(std::span<std::byte> bytes, std::string_view field) {
  if (stream_->packed) {
    for (;;) {
      const std::size_t count = unpack_some(bytes, field);
      if (count > 0 || !fill(field)) return count;
    }
  }
  if (!fill(field)) return 0;
  z_stream& input = stream_->inflater;
  const std::size_t count = std::min<std::size_t>(bytes.size(), input.avail_in);
  std::memcpy(bytes.data(), input.next_in, count);
  input.next_in += count;
  input.avail_in -= static_cast<uInt>(count);
  return count;
}

void GzipReader::read(std::span<std::byte> bytes, std::string_view field) {
  const std::size_t wanted = bytes.size();
  while (!bytes.empty()) {
    const std::size_t count = read_some(bytes, field);
    if (count == 0) {
      refuse(text("the file ends inside ", field, " (", wanted, " bytes wanted, ", wanted - bytes.size(), " there)"));
    }
    offset_ += count;
    bytes = bytes.subspan(count);
  }
}

void GzipReader::expect_end() {
  std::byte more;
  if (read_some({&more, 1}, "the end") != 0) refuse("the numbers end here, but the file goes on");
}

}  // namespace cairn::train
