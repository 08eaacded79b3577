// The operating system's files, for saving. With source_posix.cpp the only file of io that knows POSIX.
#include <cairn/io/file_system.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cairn/core/error.h>
#include <cairn/io/block_signal_posix.h>

namespace cairn::io {

namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  throw IoError(text(path, ": ", what, ": ", std::strerror(error)), {.file = path, .found = std::strerror(error)});
}

/// Calls `f` until no signal interrupts it.
template <class F>
auto uninterrupted(F&& f) {
  auto result = f();
  while (result == -1 && errno == EINTR) result = f();
  return result;
}

class PosixFile final : public WritableFile {
 public:
  PosixFile(std::string path, int descriptor, mode_t new_mode)
      : path_(std::move(path)), descriptor_(descriptor), new_mode_(new_mode) {}
  ~PosixFile() override { ::close(descriptor_); }

  void write(std::span<const std::byte> bytes) override { write_parts({&bytes, 1}); }

  void write_parts(std::span<const std::span<const std::byte>> parts) override {
    BlockSignal block(SIGXFSZ);  // of a write beyond RLIMIT_FSIZE
    std::vector<iovec> left;
    std::size_t size = 0;
    for (const auto part : parts) {
      if (part.empty()) continue;
      left.push_back({const_cast<std::byte*>(part.data()), part.size()});
      size += part.size();
    }
    for (std::span<iovec> rest = left; !rest.empty();) {
      const int count = static_cast<int>(std::min<std::size_t>(rest.size(), IOV_MAX));
      ssize_t done = uninterrupted([&] { return ::writev(descriptor_, rest.data(), count); });
      if (done < 0) {
        block.raised = errno == EFBIG;
        fail_write(size, errno);
      }
      written_ += static_cast<std::uint64_t>(done);
      size -= static_cast<std::size_t>(done);
      for (; !rest.empty() && static_cast<std::size_t>(done) >= rest[0].iov_len; rest = rest.subspan(1))
        done -= static_cast<ssize_t>(rest[0].iov_len);
      if (!rest.empty()) {
        rest[0].iov_base = static_cast<std::byte*>(rest[0].iov_base) + done;
        rest[0].iov_len -= static_cast<std::size_t>(done);
      }
    }
  }

  void sync() override {
    // Never tried again: after a failure the system may have dropped the bytes and would report success.
    if (uninterrupted([&] { return ::fsync(descriptor_); }) != 0)
      fail(path_, "the file could not be brought to the disk", errno);
  }

  void begin_sync() override {
#if defined(SYNC_FILE_RANGE_WRITE)
    ::sync_file_range(descriptor_, 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
  }

  void truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }) != 0 ||
        ::lseek(descriptor_, static_cast<off_t>(size), SEEK_SET) < 0)
      fail(path_, "cutting it to its length", errno);
    written_ = size;
  }

  void set_mode(const std::optional<FileStatus>& like) override {
    if (like && ::fchown(descriptor_, static_cast<uid_t>(like->owner), static_cast<gid_t>(like->group)) != 0) {
      // Only root may give files away; the new file then belongs to who saved it, as any new file would.
    }
    const mode_t mode = like ? static_cast<mode_t>(like->mode) : new_mode_;
    if (::fchmod(descriptor_, mode) != 0) fail(path_, "its mode could not be set", errno);
  }

 private:
  [[noreturn]] void fail_write(std::size_t size, int error) const {
    struct statvfs disk {};
    std::string room;
    if ((error == ENOSPC || error == EDQUOT) && ::fstatvfs(descriptor_, &disk) == 0)
      room = text("; ", std::uint64_t{disk.f_bavail} * disk.f_frsize, " bytes are free");
    throw IoError(text(path_, ": writing ", size, " bytes after ", written_, ": ", std::strerror(error), room),
                  {.file = path_, .offset = written_, .found = std::strerror(error)});
  }

  std::string path_;
  int descriptor_;
  mode_t new_mode_;  // what the system gave the file when it was made: 0666 without the umask
  std::uint64_t written_ = 0;
};

std::string_view describe(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  if (S_ISSOCK(mode)) return "a socket";
  return "no file of a known kind";
}

class PosixFileSystem final : public FileSystem {
 public:
  std::string resolve(const std::string& path) override {
    std::string at = path;
    for (int links = 0; links < 40; ++links) {
      char target[PATH_MAX];
      const ssize_t size = ::readlink(at.c_str(), target, sizeof target);
      if (size < 0) return at;  // no link, or nothing there: what comes next will say
      const std::string_view leads_to(target, static_cast<std::size_t>(size));
      const std::size_t slash = at.rfind('/');
      if (leads_to.starts_with('/') || slash == std::string::npos)
        at = leads_to;
      else
        at = at.substr(0, slash + 1) + std::string(leads_to);
    }
    fail(path, "following its symbolic links", ELOOP);
  }

  std::optional<FileStatus> status(const std::string& path) override {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
      fail(path, "looking it up", errno);
    }
    FileStatus status;
    status.kind = S_ISREG(found.st_mode)   ? FileStatus::Kind::file
                  : S_ISDIR(found.st_mode) ? FileStatus::Kind::folder
                  : S_ISLNK(found.st_mode) ? FileStatus::Kind::link
                                           : FileStatus::Kind::other;
    status.description = describe(found.st_mode);
    status.mode = found.st_mode & 07777;
    status.owner = found.st_uid;
    status.group = found.st_gid;
    status.size = static_cast<std::uint64_t>(found.st_size);
    return status;
  }

  std::unique_ptr<WritableFile> create(const std::string& path) override {
    const int descriptor =
        uninterrupted([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666); });
    if (descriptor < 0) {
      if (errno == EEXIST) return nullptr;
      fail(path, "a temporary file could not be made there", errno);
    }
    // Locked while it is being written. Another save that looked for leftovers may have taken it for one in between.
    uninterrupted([&] { return ::flock(descriptor, LOCK_EX); });
    // Made with 0666, so that the system applies the umask (asking for it would change it for a moment) and a folder's
    // default ACL; then closed to others until it is whole.
    struct stat made {};
    if (::fstat(descriptor, &made) != 0 || ::fchmod(descriptor, 0600) != 0) {
      const int error = errno;
      ::unlink(path.c_str());
      ::close(descriptor);
      fail(path, "setting up a temporary file", error);
    }
    auto file = std::make_unique<PosixFile>(path, descriptor, made.st_mode & 0777);
    return made.st_nlink == 0 ? nullptr : std::move(file);
  }

  std::unique_ptr<WritableFile> open_existing(const std::string& path) override {
    for (;;) {
      const int descriptor = uninterrupted([&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK); });
      if (descriptor < 0 && errno == ENOENT) return nullptr;
      if (descriptor < 0) fail(path, "opening it for appending", errno);
      auto file = std::make_unique<PosixFile>(path, descriptor, mode_t{0});
      struct stat opened {
      }, named{};
      if (::fstat(descriptor, &opened) != 0) fail(path, "looking at the file", errno);
      check<IoError>(S_ISREG(opened.st_mode), path, ": it is ", describe(opened.st_mode),
                     ", but only a regular file can be appended to");
      if (uninterrupted([&] { return ::flock(descriptor, LOCK_EX); }) != 0) fail(path, "locking it", errno);
      // While this waited, another file may have taken the name.
      if (::stat(path.c_str(), &named) == 0 && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev)
        return file;
    }
  }

  SourceReference source(const std::string& path) override { return open_source(path); }

  void rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) fail(to, "putting the new file in place", errno);
  }

  void remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) fail(path, "removing it", errno);
  }

  void sync_folder(const std::string& path) override {
    const int descriptor = uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0 && errno == EACCES) {
      ::sync();  // it may be written but not read, so not be opened: everything goes to the disk, and it with it
      return;
    }
    if (descriptor < 0) fail(path, "opening the folder", errno);
    const int result = uninterrupted([&] { return ::fsync(descriptor); });
    const int error = errno;
    ::close(descriptor);
    // A file system that cannot sync a folder says so with EINVAL; there is nothing to wait for then.
    if (result != 0 && error != EINVAL) fail(path, "the folder's entry could not be brought to the disk", error);
  }

  bool remove_if_abandoned(const std::string& path) override {
    const int descriptor =
        uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); });
    if (descriptor < 0) return errno != ENOENT;  // another user's, or a link
    struct stat opened {
    }, named{};
    // Whoever writes it holds the lock; that the name still leads to the file that is locked here is checked under it.
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0 && ::fstat(descriptor, &opened) == 0 && S_ISREG(opened.st_mode) &&
        ::lstat(path.c_str(), &named) == 0 && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev)
      ::unlink(path.c_str());
    ::close(descriptor);
    return true;
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem files;
  return files;
}

}  // namespace cairn::io
