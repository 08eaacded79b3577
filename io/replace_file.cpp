#include <cairn/io/replace_file.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <cairn/core/error.h>
#include <cairn/io/checksum.h>

namespace cairn::io {

namespace {

constexpr std::string_view marker = ".cairn-tmp-";
constexpr std::size_t longest_name = 255;  // of a file, on every file system in use
constexpr std::size_t digits = 2;

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

struct Path {
  std::string folder, name;

  explicit Path(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    name = slash == std::string::npos ? path : path.substr(slash + 1);
  }
  std::string beside(const std::string& other) const { return folder == "/" ? "/" + other : folder + "/" + other; }
};

/// What the names of all temporary files for a target begin with; a number follows. A name too long for that stands as
/// its hash.
std::string temporary_prefix(const std::string& name) {
  std::string prefix = "." + name + std::string(marker);
  if (prefix.size() + digits > longest_name)
    prefix = "." + hexadecimal(hash(std::as_bytes(std::span(name))).low) + std::string(marker);
  return prefix;
}

void check_target(const std::string& path, const std::optional<FileStatus>& target) {
  check<IoError>(!target || target->kind == FileStatus::Kind::file, path, ": the target is ",
                 target ? target->description : "",
                 ", but only a regular file can be replaced by a saved one; to write into something else use save_to");
}

/// Says it better where it is the folder that a file could not be made in.
void check_folder(FileSystem& files, const std::string& path, const std::string& parent) {
  const std::optional<FileStatus> folder = files.status(parent + "/.");
  if (folder) return;
  const std::optional<FileStatus> other = files.status(parent);
  check<IoError>(other.has_value(), "Parent directory ", parent, " does not exist.");
  throw IoError(text(path, ": ", parent, " is ", other->description, ", but a folder is needed"));
}

/// A temporary file that is removed unless it was renamed.
class Temporary {
 public:
  Temporary(FileSystem& files, const Path& parts) : files_(files), prefix_(parts.beside(temporary_prefix(parts.name))) {
    for (; next_ < most_at_once && !file; ++next_) {
      path = name_of(next_);
      file = files.create(path);
      if (!file && remove_if_abandoned(next_)) file = files.create(path);
    }
    check<IoError>(file != nullptr, path, ": this name for a temporary file, and all of lower numbers, are taken");
  }
  ~Temporary() {
    if (renamed) return;
    try {
      files_.remove(path);  // while it is locked: later the name may be another's
    } catch (const Error&) {
      // The error that brought us here is the one to report; the next save removes what is left.
    }
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  /// What several saves at once, all killed, left behind under the numbers that follow.
  void remove_leftovers() {
    while (next_ < most_at_once && remove_if_abandoned(next_)) ++next_;
  }

  std::string path;
  std::unique_ptr<WritableFile> file;
  bool renamed = false;

 private:
  static constexpr int most_at_once = 100;

  std::string name_of(int number) const { return prefix_ + std::to_string(number); }

  /// False where there is nothing of that name.
  bool remove_if_abandoned(int number) {
    try {
      return files_.remove_if_abandoned(name_of(number));
    } catch (const IoError&) {
      return false;  // no reason not to save
    }
  }

  FileSystem& files_;
  std::string prefix_;
  int next_ = 0;  // the number after that of `path`
};

std::unique_ptr<Temporary> make_temporary(FileSystem& files, const std::string& path, const Path& parts) {
  try {
    return std::make_unique<Temporary>(files, parts);
  } catch (const IoError&) {
    check_folder(files, path, parts.folder);
    throw;
  }
}

}  // namespace

void replace_file(FileSystem& files, const std::string& path, bool synced,
                  const std::function<void(WritableFile&)>& write) {
  check<IoError>(!path.empty(), "the path to save to is empty");
  std::string target = path;
  std::optional<FileStatus> before = files.status(target);
  if (before && before->kind == FileStatus::Kind::link) {
    target = files.resolve(path);
    before = files.status(target);
  }
  const Path parts(target);
  check<IoError>(!parts.name.empty() && parts.name != "." && parts.name != "..", path,
                 ": the target is a directory, but the path of a file is needed");
  check_target(path, before);

  const std::unique_ptr<Temporary> temporary = make_temporary(files, path, parts);
  temporary->remove_leftovers();
  write(*temporary->file);
  temporary->file->set_mode(before);
  if (synced) temporary->file->sync();
  files.rename(temporary->path, target);
  temporary->renamed = true;
  if (synced) files.sync_folder(parts.folder);
}

}  // namespace cairn::io
