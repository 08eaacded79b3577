// File systems for tests, around the real one: one counts operations and lets something happen at the n-th, one forgets
// what was not synced.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/io/file_system.h>

/// Calls `before(number, name)` ahead of every operation of another file system, numbered from 0. It may throw, or
/// never return.
class WatchedFileSystem final : public cairn::io::FileSystem {
 public:
  using Before = std::function<void(int number, const std::string& operation)>;

  WatchedFileSystem(cairn::io::FileSystem& files, Before before) : files_(files), before_(std::move(before)) {}

  int operations() const { return next_; }

  std::string resolve(const std::string& path) override { return step("resolve"), files_.resolve(path); }
  std::optional<cairn::io::FileStatus> status(const std::string& path) override {
    return step("status"), files_.status(path);
  }
  std::unique_ptr<cairn::io::WritableFile> create(const std::string& path) override {
    step("create");
    auto file = files_.create(path);
    return file ? std::make_unique<File>(*this, std::move(file)) : nullptr;
  }
  std::unique_ptr<cairn::io::WritableFile> open_existing(const std::string& path) override {
    step("open_existing");
    auto file = files_.open_existing(path);
    return file ? std::make_unique<File>(*this, std::move(file)) : nullptr;
  }
  cairn::io::SourceReference source(const std::string& path) override { return step("source"), files_.source(path); }
  void rename(const std::string& from, const std::string& to) override { step("rename"), files_.rename(from, to); }
  void remove(const std::string& path) override { step("remove"), files_.remove(path); }
  void sync_folder(const std::string& path) override { step("sync_folder"), files_.sync_folder(path); }
  bool remove_if_abandoned(const std::string& path) override {
    return step("remove_if_abandoned"), files_.remove_if_abandoned(path);
  }

 private:
  class File final : public cairn::io::WritableFile {
   public:
    File(WatchedFileSystem& files, std::unique_ptr<cairn::io::WritableFile> file)
        : files_(files), file_(std::move(file)) {}
    void write(std::span<const std::byte> bytes) override {
      // In two halves, so that something can happen in the middle.
      files_.step("write"), file_->write(bytes.first(bytes.size() / 2));
      files_.step("write"), file_->write(bytes.subspan(bytes.size() / 2));
    }
    void sync() override { files_.step("sync"), file_->sync(); }
    void begin_sync() override { files_.step("begin_sync"), file_->begin_sync(); }
    void truncate(std::uint64_t size) override { files_.step("truncate"), file_->truncate(size); }
    void set_mode(const std::optional<cairn::io::FileStatus>& like) override {
      files_.step("set_mode"), file_->set_mode(like);
    }

   private:
    WatchedFileSystem& files_;
    std::unique_ptr<cairn::io::WritableFile> file_;
  };

  void step(const char* operation) {
    const int number = next_++;
    before_(number, operation);
  }

  cairn::io::FileSystem& files_;
  Before before_;
  int next_ = 0;
};

/// A folder in memory that keeps two truths: what programs see, and what would be left after a loss of power now. Bytes
/// become lasting by `sync` of their file, names by `sync_folder`; `power_loss(keep)` decides for every change that was
/// not synced whether it survives.
class ForgetfulFileSystem final : public cairn::io::FileSystem {
 public:
  using Bytes = std::vector<std::byte>;

  struct Node {
    Bytes seen, lasting;
  };

  std::map<std::string, std::shared_ptr<Node>> names;                  ///< What programs see.
  std::map<std::string, std::shared_ptr<Node>> lasting;                ///< What the disk has.
  std::vector<std::pair<std::string, std::shared_ptr<Node>>> pending;  ///< Changes of names since the last sync_folder.

  void put(const std::string& path, Bytes bytes) {
    auto node = std::make_shared<Node>(Node{bytes, bytes});
    names[path] = lasting[path] = node;
  }

  /// The folder after a loss of power: bit k of `survivors` says whether the k-th pending change of a name reached the
  /// disk, and `data` how many of the unsynced bytes of every file did (0 to 1).
  std::map<std::string, Bytes> after_power_loss(unsigned survivors, double data) const {
    auto disk = lasting;
    for (std::size_t k = 0; k < pending.size(); ++k) {
      if ((survivors >> k & 1) == 0) continue;
      if (pending[k].second)
        disk[pending[k].first] = pending[k].second;
      else
        disk.erase(pending[k].first);
    }
    std::map<std::string, Bytes> files;
    for (const auto& [path, node] : disk) {
      Bytes bytes = node->lasting;
      const std::size_t more = node->seen.size() - std::min(node->seen.size(), bytes.size());
      const std::size_t from = bytes.size(), kept = static_cast<std::size_t>(static_cast<double>(more) * data);
      bytes.insert(bytes.end(), node->seen.begin() + static_cast<std::ptrdiff_t>(from),
                   node->seen.begin() + static_cast<std::ptrdiff_t>(from + kept));
      files[path] = bytes;
    }
    return files;
  }

  std::string resolve(const std::string& path) override { return path; }
  std::optional<cairn::io::FileStatus> status(const std::string& path) override {
    const auto found = names.find(path);
    if (found == names.end()) return std::nullopt;
    return cairn::io::FileStatus{.description = "a regular file", .mode = 0644, .size = found->second->seen.size()};
  }
  std::unique_ptr<cairn::io::WritableFile> create(const std::string& path) override {
    if (names.contains(path)) return nullptr;
    names[path] = std::make_shared<Node>();
    pending.emplace_back(path, names[path]);
    return std::make_unique<File>(names[path]);
  }
  std::unique_ptr<cairn::io::WritableFile> open_existing(const std::string& path) override {
    const auto found = names.find(path);
    return found == names.end() ? nullptr : std::make_unique<File>(found->second);
  }
  cairn::io::SourceReference source(const std::string& path) override {
    return cairn::io::memory_source(cairn::Bytes{names.at(path)->seen});
  }
  void rename(const std::string& from, const std::string& to) override {
    names[to] = names.at(from);
    names.erase(from);
    pending.emplace_back(to, names[to]);
    pending.emplace_back(from, nullptr);
  }
  void remove(const std::string& path) override {
    names.erase(path);
    pending.emplace_back(path, nullptr);
  }
  void sync_folder(const std::string&) override {
    lasting = names;
    pending.clear();
  }
  bool remove_if_abandoned(const std::string& path) override {
    if (!names.contains(path)) return false;
    remove(path);
    return true;
  }

 private:
  class File final : public cairn::io::WritableFile {
   public:
    explicit File(std::shared_ptr<Node> node) : node_(std::move(node)) {}
    void write(std::span<const std::byte> bytes) override {
      node_->seen.insert(node_->seen.end(), bytes.begin(), bytes.end());
    }
    void sync() override { node_->lasting = node_->seen; }
    void truncate(std::uint64_t size) override { node_->seen.resize(size); }
    void set_mode(const std::optional<cairn::io::FileStatus>&) override {}

   private:
    std::shared_ptr<Node> node_;
  };
};
