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
constexpr std::size_t digits = 16;

std::string hexadecimal(std::uint64_t number) {
  char text[digits + 1];
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

/// What the names of all temporary files for a target begin with. A name too long for its marker stands as its hash.
std::string temporary_prefix(const std::string& name) {
  std::string prefix = "." + name + std::string(marker);
  if (prefix.size() + digits > longest_name)
    prefix = "." + hexadecimal(hash(std::as_bytes(std::span(name))).low) + std::string(marker);
  return prefix;
}

bool is_temporary(std::string_view name, std::string_view prefix) {
  return name.size() == prefix.size() + digits && name.substr(0, prefix.size()) == prefix &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

void check_target(FileSystem& files, const std::string& path, const Path& parts,
                  const std::optional<FileStatus>& target) {
  if (target) {
    check<IoError>(
        target->kind == FileStatus::Kind::file, path, ": the target is ", target->description,
        ", but only a regular file can be replaced by a saved one; to write into something else use save_to");
    return;
  }
  const std::optional<FileStatus> folder = files.status(parts.folder);
  check<IoError>(folder.has_value(), "Parent directory ", parts.folder, " does not exist.");
  check<IoError>(folder->kind == FileStatus::Kind::folder, path, ": ", parts.folder, " is ", folder->description,
                 ", but a folder is needed");
}

/// A temporary file that is removed unless it was renamed.
class Temporary {
 public:
  Temporary(FileSystem& files, const Path& parts, const std::string& prefix) : files_(files) {
    for (int attempt = 0; attempt < 100 && !file; ++attempt) {
      path = parts.beside(prefix + hexadecimal(files.random_number()));
      file = files.create(path);
    }
    check<IoError>(file != nullptr, path, ": no unused name for a temporary file was found");
  }
  ~Temporary() {
    if (renamed) return;
    file.reset();
    try {
      files_.remove(path);
    } catch (const Error&) {
      // The error that brought us here is the one to report; the next save removes what is left.
    }
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  std::string path;
  std::unique_ptr<WritableFile> file;
  bool renamed = false;

 private:
  FileSystem& files_;
};

void remove_leftovers(FileSystem& files, const Path& parts, const std::string& prefix) {
  try {
    for (const std::string& name : files.list(parts.folder)) {
      if (is_temporary(name, prefix)) files.remove_if_abandoned(parts.beside(name));
    }
  } catch (const IoError&) {
    // A folder that may be written but not listed, or a file that another save removes just now: no reason not to save.
  }
}

}  // namespace

void replace_file(FileSystem& files, const std::string& path, bool synced,
                  const std::function<void(WritableFile&)>& write) {
  check<IoError>(!path.empty(), "the path to save to is empty");
  const std::string target = files.resolve(path);
  const Path parts(target);
  check<IoError>(!parts.name.empty() && parts.name != "." && parts.name != "..", path,
                 ": the target is a directory, but the path of a file is needed");
  const std::optional<FileStatus> before = files.status(target);
  check_target(files, path, parts, before);
  const std::string prefix = temporary_prefix(parts.name);
  remove_leftovers(files, parts, prefix);

  Temporary temporary(files, parts, prefix);
  write(*temporary.file);
  temporary.file->set_mode(before);
  if (synced) temporary.file->sync();
  files.rename(temporary.path, target);
  temporary.renamed = true;
  if (synced) files.sync_folder(parts.folder);
}

}  // namespace cairn::io
