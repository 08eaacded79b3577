// Files and descriptors of the operating system, for reading.
#include <cairn/io/source.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cairn/core/error.h>

namespace cairn::io {

namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  throw IoError(text(path, ": ", what, ": ", std::strerror(error)), {.file = path, .found = std::strerror(error)});
}

class DescriptorSource final : public Source {
 public:
  DescriptorSource(int descriptor, bool owned, std::uint64_t offset, std::uint64_t size, std::string name)
      : descriptor_(descriptor), owned_(owned), offset_(offset), size_(size), name_(std::move(name)) {}
  ~DescriptorSource() override {
    if (owned_) ::close(descriptor_);
  }

  std::uint64_t size() const override { return size_; }
  const std::string& name() const override { return name_; }

  void read(std::uint64_t offset, std::span<std::byte> to) const override {
    while (!to.empty()) {
      const ssize_t count = ::pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset_ + offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0)
        throw IoError(text(name_, ": reading ", to.size(), " bytes from byte ", offset, " on: ", std::strerror(errno)),
                      {.file = name_, .offset = offset, .found = std::strerror(errno)});
      if (count == 0)
        throw FormatError(
            text(name_, ": byte ", offset, ": the file ends, but ", to.size(), " more bytes are needed"),
            {.file = name_, .offset = offset, .hint = "It was longer when it was opened: something cut it short."});
      offset += static_cast<std::uint64_t>(count);
      to = to.subspan(static_cast<std::size_t>(count));
    }
  }

 private:
  int descriptor_;
  bool owned_;
  std::uint64_t offset_, size_;
  std::string name_;
};

std::uint64_t size_of_file(int descriptor, const std::string& name) {
  struct stat found {};
  if (::fstat(descriptor, &found) != 0) fail(name, "looking at the file", errno);
  check<IoError>(S_ISREG(found.st_mode), name,
                 S_ISDIR(found.st_mode) ? ": it is a directory" : ": it is no regular file",
                 ", but a file that can be read anywhere is needed; read it into memory first");
  return static_cast<std::uint64_t>(found.st_size);
}

}  // namespace

SourceReference open_source(const std::string& path) {
  int descriptor;
  do descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not make it wait
  while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) fail(path, "opening it", errno);
  try {
    return std::make_shared<DescriptorSource>(descriptor, true, 0, size_of_file(descriptor, path), path);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
}

SourceReference descriptor_source(int descriptor, std::uint64_t offset, std::uint64_t size) {
  const std::string name = text("descriptor ", descriptor);
  const std::uint64_t whole = size_of_file(descriptor, name);
  check<ValueError>(offset <= whole, name, ": the offset is ", offset, ", but the file has ", whole, " bytes");
  const std::uint64_t rest = whole - offset;
  check<ValueError>(size == UINT64_MAX || size <= rest, name, ": ", size, " bytes from ", offset,
                    " on, but the file has ", whole);
  return std::make_shared<DescriptorSource>(descriptor, false, offset, std::min(size, rest), name);
}

}  // namespace cairn::io
