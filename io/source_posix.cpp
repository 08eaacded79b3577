// Files and descriptors of the operating system, for reading.
#include <cairn/io/source.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cairn/core/error.h>
#include <cairn/io/format.h>

namespace cairn::io {

namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  throw IoError(text(path, ": ", what, ": ", std::strerror(error)), {.file = path, .found = std::strerror(error)});
}

class DescriptorSource : public Source {
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

 protected:
  int descriptor_;
  bool owned_;
  std::uint64_t offset_, size_;
  std::string name_;
};

/// The same, mapped window by window: all of a large file at once would count as the process's memory.
class MappedSource final : public DescriptorSource {
 public:
  using DescriptorSource::DescriptorSource;

  ReadPattern pattern() const override { return {.unit = 8 << 20}; }  // windows of 1 MiB take twice the time

  SourceView view(std::uint64_t offset, std::uint64_t size) const override {
    if (size == 0) return {};
    constexpr std::uint64_t huge_page = 2 << 20;  // begun there, a window takes few entries of the page table
    struct stat now {};                           // what lies beyond the file's end must not be touched
    check<FormatError>(
        ::fstat(descriptor_, &now) == 0 && offset_ + offset + size <= static_cast<std::uint64_t>(now.st_size), name_,
        ": it is shorter than it was when it was opened: something cut it short");
    const std::uint64_t begin = offset_ + offset, skipped = begin % huge_page;
    const auto length = static_cast<std::size_t>(align_up(skipped + size, huge_page));
    void* const memory =
        ::mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor_, static_cast<off_t>(begin - skipped));
    if (memory == MAP_FAILED) fail(name_, "mapping it", errno);
    return {{static_cast<const std::byte*>(memory) + skipped, static_cast<std::size_t>(size)},
            std::shared_ptr<const void>(memory, [length](const void* at) { ::munmap(const_cast<void*>(at), length); })};
  }
};

/// File systems whose pages come over a network, by the numbers of statfs(2): a fault that fails there kills.
bool is_distant(int descriptor) {
  struct statfs found {};
  if (::fstatfs(descriptor, &found) != 0) return true;
  switch (static_cast<std::uint32_t>(found.f_type)) {
    case 0x6969u:      // NFS
    case 0xff534d42u:  // CIFS
    case 0xfe534d42u:  // SMB2
    case 0x517bu:      // SMB
    case 0x65735546u:  // FUSE
    case 0x01021997u:  // 9P
    case 0x0bd00bd0u:  // Lustre
    case 0x00c36400u:  // Ceph
    case 0x5346414fu:  // AFS
    case 0x01161970u:  // GFS2
    case 0x7461636fu:  // OCFS2
    case 0x47504653u:  // GPFS
    case 0x19830326u:  // BeeGFS
    case 0x73757245u:  // Coda
      return true;
    default:
      return false;
  }
}

SourceReference make_source(int descriptor, bool owned, std::uint64_t offset, std::uint64_t size,
                            const std::string& name, Access access) {
  if (access == Access::read) return std::make_shared<DescriptorSource>(descriptor, owned, offset, size, name);
  check<IoError>(!is_distant(descriptor), name,
                 ": it lies on a network file system and must not be mapped: a page that cannot be fetched would end "
                 "the process; use Access::read");
  return std::make_shared<MappedSource>(descriptor, owned, offset, size, name);
}

std::uint64_t size_of_file(int descriptor, const std::string& name) {
  struct stat found {};
  if (::fstat(descriptor, &found) != 0) fail(name, "looking at the file", errno);
  check<IoError>(S_ISREG(found.st_mode), name,
                 S_ISDIR(found.st_mode) ? ": it is a directory" : ": it is no regular file",
                 ", but a file that can be read anywhere is needed; read it into memory first");
  return static_cast<std::uint64_t>(found.st_size);
}

}  // namespace

SourceReference open_source(const std::string& path, Access access) {
  int descriptor;
  do descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not make it wait
  while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) fail(path, "opening it", errno);
  try {
    return make_source(descriptor, true, 0, size_of_file(descriptor, path), path, access);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
}

SourceReference descriptor_source(int descriptor, std::uint64_t offset, std::uint64_t size, Access access) {
  const std::string name = text("descriptor ", descriptor);
  const std::uint64_t whole = size_of_file(descriptor, name);
  check<ValueError>(offset <= whole, name, ": the offset is ", offset, ", but the file has ", whole, " bytes");
  const std::uint64_t rest = whole - offset;
  check<ValueError>(size == UINT64_MAX || size <= rest, name, ": ", size, " bytes from ", offset,
                    " on, but the file has ", whole);
  return make_source(descriptor, false, offset, std::min(size, rest), name, access);
}

}  // namespace cairn::io
