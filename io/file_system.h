// What saving asks of a file system: few operations, each of which may fail.
//
// Every byte that Cairn writes goes through a FileSystem, so that a test can make the n-th operation fail, lose what
// was not synced, or kill the process in between. `posix_file_system()` is the operating system's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cairn/io/source.h>

namespace cairn::io {

struct FileStatus {
  enum class Kind : std::uint8_t { file, folder, link, other };

  Kind kind = Kind::file;
  std::string description;  ///< What messages call it: "a regular file", "a directory", "a FIFO".
  std::uint32_t mode = 0;   ///< Permission bits, as of chmod.
  std::uint64_t owner = 0, group = 0;
  std::uint64_t size = 0;
};

/// A file that is open for writing at its end. Destroying it closes it.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  virtual void write(std::span<const std::byte> bytes) = 0;  ///< All of them, or IoError.

  /// The same of bytes that lie in several places, in their order; with one call to the system where that is possible.
  virtual void write_parts(std::span<const std::span<const std::byte>> parts) {
    for (const auto part : parts) write(part);
  }
  virtual void sync() = 0;  ///< Returns when the bytes will survive a loss of power.

  /// Lets the disk begin with what has been written, and does not wait: less is left for `sync`, which reports what
  /// goes wrong.
  virtual void begin_sync() {}

  /// Cuts the file to `size` bytes; what is written next follows them.
  virtual void truncate(std::uint64_t size) = 0;

  /// Gives the file the mode (and where permitted the owner) of `like`, or of a new file when there is none.
  virtual void set_mode(const std::optional<FileStatus>& like) = 0;
};

/// All functions throw IoError, with the path and the system's reason.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// `path` with symbolic links followed at its last component; it need not exist.
  virtual std::string resolve(const std::string& path) = 0;

  /// Of a symbolic link itself; nothing when there is no such file.
  virtual std::optional<FileStatus> status(const std::string& path) = 0;

  /// A new file, of mode 0600, locked for as long as it is open; nothing when there is one of that name.
  virtual std::unique_ptr<WritableFile> create(const std::string& path) = 0;

  /// The file that is there, locked as `create` does, after waiting for whoever has locked it; nothing when there is
  /// none.
  virtual std::unique_ptr<WritableFile> open_existing(const std::string& path) = 0;

  virtual SourceReference source(const std::string& path) = 0;  ///< Its bytes, for reading.

  virtual void rename(const std::string& from, const std::string& to) = 0;  ///< Replaces `to` at once.
  virtual void remove(const std::string& path) = 0;
  virtual void sync_folder(const std::string& path) = 0;

  /// Removes a file made by `create` that nobody holds open any more: what a killed process left behind. Returns
  /// whether there was anything of that name.
  virtual bool remove_if_abandoned(const std::string& path) = 0;
};

FileSystem& posix_file_system();

}  // namespace cairn::io
