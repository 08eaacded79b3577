// Saving while training goes on.
//
//   io::AsyncSaver saver;
//   for (...) {
//     step();
//     if (n % 100 == 0) saver.save("run.cairn", {{"model", model.state_dict()}, {"optimizer", adam.state_dict()}});
//   }
//   saver.wait();
//
//   the caller's thread:   plan ── copy into staging ──┐ returns
//   a thread of its own:          └─ pack, write, sync, rename ─────────────┘ done
//
// `save` copies the numbers as they are at that moment into staging memory and returns; what training changes
// afterwards is not in the file. Of a state larger than the staging memory the rest is copied as room is made: the
// caller waits for the file then, but memory stays bounded. The memory is kept from save to save.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <cairn/core/value.h>
#include <cairn/io/save.h>

namespace cairn::io {

class AsyncSaver {
 public:
  /// `staging`: the most bytes of numbers held at a time; at least two chunks are.
  explicit AsyncSaver(std::uint64_t staging = std::uint64_t{256} << 20);
  ~AsyncSaver();  ///< Waits. An error that nobody has asked for is lost.
  AsyncSaver(const AsyncSaver&) = delete;
  AsyncSaver& operator=(const AsyncSaver&) = delete;

  /// Waits for the save before, throws its error if it failed, then begins this one. What is wrong with the value is
  /// thrown here, before anything is written; so is an error that comes while numbers are still being copied.
  /// `options.progress` is called by the saver's thread.
  void save(const std::string& path, const Value& value, const SaveOptions& options = {});

  /// Returns when the last save has ended, as `io::save` would: throws its error, once.
  void wait();
  bool is_done() const;  ///< Whether `wait` would return at once.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One such save: it is waited for by `wait` or when the object goes.
std::unique_ptr<AsyncSaver> save_async(const std::string& path, const Value& value, const SaveOptions& options = {},
                                       std::uint64_t staging = std::uint64_t{256} << 20);

}  // namespace cairn::io
