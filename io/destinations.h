// Which device each tensor of a file goes to, from the two maps and the recorded tags.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <cairn/core/device.h>
#include <cairn/io/container.h>
#include <cairn/io/load.h>

namespace cairn::io {

using RestoreLocation = std::function<std::optional<Device>(std::string_view tag)>;

struct Destinations {
  std::vector<Device> devices;  ///< Of each tensor.
  std::vector<bool> mapped;     ///< Of each tensor: whether the function of map_location decides. Empty: of none.
};

/// Throws DeviceError for a device of the options that is absent and for a tag nobody knows, ValueError for a device
/// map that does not fit the names.
Destinations find_destinations(const Container& container, const LoadOptions& options);

/// The device that a tag names. Throws DeviceError with PyTorch's text when nobody knows it.
Device recorded_device(std::string_view tag, const RestoreLocation& restore_location);

/// Throws DeviceError, with PyTorch's text where it has one, unless tensors can be made on the device.
void require_present(Device device);

}  // namespace cairn::io
