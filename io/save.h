// Saving: a Value, with every tensor in it, to a file, to memory, or to a function of yours.
//
//   io::save("run.cairn", {{"epoch", 3}, {"model", model.state_dict()}});
//
// A file appears whole or not at all, whatever happens meanwhile: it is written under a temporary name beside the
// target, synced, and renamed over it; then the folder is synced. Once `save` has returned the new file survives a loss
// of power. FORMAT.md says what is written. The same state gives the same bytes, whatever the file's name, the run and
// the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include <cairn/core/progress.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/value.h>
#include <cairn/io/attributes.h>
#include <cairn/io/file_system.h>
#include <cairn/io/limits.h>
#include <cairn/io/sink.h>

namespace cairn::io {

/// How hard chunks are packed. What is chosen for a chunk depends on its bytes, its dtype and the preset alone.
enum class Preset : std::uint8_t {
  none,   ///< As they are: the fastest, and the file can be mapped.
  fast,   ///< Weights by a code for their exponents, which unpacks as fast as memory copies; others by the codec that
          ///< samples favour, where it saves a tenth.
  small,  ///< The same wherever it saves anything.
  max,    ///< With several times the effort: masks, texts and sparse gradients take a tenth less.
};

struct SaveOptions {
  Preset preset = Preset::fast;
  bool synced = true;  ///< False: do not wait for the disk; a loss of power may undo the save.
  std::uint64_t chunk_size = std::uint64_t{1} << 20;  ///< A power of two from 1 MiB to 64 MiB.
  Progress progress = {};                             ///< Bytes of tensors done, and their total.
  /// The tag recorded as a tensor's location; nothing, or no function: its device ("cpu", "cuda:1").
  std::function<std::optional<std::string>(const Tensor&)> location_tag = {};
  Attributes attributes = {};         ///< Said about the file and its tensors.
  Limits limits = {};                 ///< Of `append`: what is taken from the file that is there.
  FileSystem* file_system = nullptr;  ///< Null: the operating system's.
};

/// Replaces or creates the file at `path`. An existing file keeps its mode bits; of a symbolic link, the file it leads
/// to is replaced. Throws IoError when the system refuses (with the path and its reason), ValueError for what a file
/// cannot hold (a meta tensor, a tree deeper than 64), Cancelled. On any error the file that was there is untouched,
/// and the temporary one gone; but should the very last step, syncing the folder, fail, the new file is there already
/// and only its surviving a loss of power is in doubt. Deferred tensors of files are read piece by piece while they are
/// written; others are read first. A name that means another format (".pth", ".safetensors", ...) is a ValueError that
/// says what to call instead.
void save(const std::string& path, const Value& value, const SaveOptions& options = {});

/// The bytes a file would have.
Bytes save_to_memory(const Value& value, const SaveOptions& options = {});

/// The same into `bytes`, whose memory is used again: what is saved every few seconds need not ask the system each
/// time.
void save_to_memory(const Value& value, Bytes& bytes, const SaveOptions& options = {});

/// Hands the bytes to `sink` in order, from first to last: for a pipe, a socket, an archive (see sink.h).
void save_to(Sink& sink, const Value& value, const SaveOptions& options = {});

/// The same to a function.
void save_to(const std::function<void(std::span<const std::byte>)>& write, const Value& value,
             const SaveOptions& options = {});

}  // namespace cairn::io
