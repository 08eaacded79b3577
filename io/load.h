// Loading: a Value, with every tensor in it, from a file, from memory, or from any Source.
//
//   Value run = io::load("run.cairn", {.map_location = "cpu"});
//   model.load_state_dict(run["model"]);
//
// `open` reads and checks the index and gives the Value with deferred tensors (core/deferred.h): nothing of a tensor
// but its shape, dtype and device is read until it is used, and a load into a module streams straight into its
// parameters. `load` is `open` and `materialize`. Every chunk's checksum is verified before its numbers reach a tensor.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <cairn/core/progress.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/value.h>
#include <cairn/io/limits.h>
#include <cairn/io/location.h>
#include <cairn/io/source.h>

namespace cairn::io {

struct LoadOptions {
  MapLocation map_location = {};
  DeviceMap device_map = {};  ///< Asked first; what no prefix matches is left to `map_location`.
  /// The device behind a tag of the application's own; nothing: the tag is read as a device ("cuda:1").
  std::function<std::optional<Device>(std::string_view tag)> restore_location = {};
  std::uint32_t generation = 0;  ///< Which of the states appended to the file; 0: the newest. See append.h.
  Access access = Access::read;  ///< How a file given by its path is read.
  Limits limits = {};
  Progress progress = {};  ///< Of `load`: bytes of tensors done, and their total.
};
using OpenOptions = LoadOptions;

/// Everything, materialised: tensors on their devices; those that shared storage share it again. Throws FormatError for
/// a file that is damaged or of another format (and says which), IoError when the system refuses to read, DeviceError
/// for a device that is absent, ValueError for a device map that does not fit the names, Cancelled.
Value load(const std::string& path, const LoadOptions& options = {});
Value load(SourceReference source, const LoadOptions& options = {});
Value load_memory(std::span<const std::byte> bytes, const LoadOptions& options = {});

/// The same Value with deferred tensors. They keep the source open. A recorded device that is absent is an error only
/// when a tensor is materialised on it.
Value open(const std::string& path, const OpenOptions& options = {});
Value open(SourceReference source, const OpenOptions& options = {});

/// `bytes` must outlive every deferred tensor of the Value.
Value open_memory(std::span<const std::byte> bytes, const OpenOptions& options = {});

}  // namespace cairn::io
