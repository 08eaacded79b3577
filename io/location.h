// Where loaded tensors go.
//
// Two maps answer two questions. `MapLocation`, PyTorch's map_location: where does a tensor *recorded* on a device go?
// `DeviceMap`: where does a tensor of a *name* go? What neither names goes where it was recorded.
//
//   {.map_location = "cpu"}                                   everything to the CPU
//   {.map_location = {{"cuda:1", "cuda:0"}}}                  what was on the second GPU to the first
//   {.map_location = [](const Tensor& storage, const std::string& tag) { return storage.to("sim:1"); }}
//   {.device_map = {{"", "cpu"}, {"model.encoder", "cuda:0"}}}
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <cairn/core/device.h>
#include <cairn/core/tensor.h>

namespace cairn::io {

class MapLocation {
 public:
  /// Given a storage on the CPU, a 1-d tensor of all its elements, and the tag it was saved under ("cuda:0"), returns a
  /// storage of as many elements of the same dtype, on any device, or nothing: then the tag decides.
  using Function = std::function<std::optional<Tensor>(const Tensor& storage, const std::string& tag)>;
  using Devices = std::map<std::string, Device>;

  MapLocation() = default;  ///< Everything goes where it was recorded.
  MapLocation(Device device) : device_(device) {}
  MapLocation(const char* device) : device_(Device(device)) {}
  MapLocation(const std::string& device) : device_(Device(device)) {}
  MapLocation(Devices devices) : devices_(std::move(devices)) {}
  MapLocation(std::initializer_list<Devices::value_type> devices)
      : devices_(devices) {}  ///< Tags not listed: as recorded.
  template <class F>
  requires(std::is_invocable_v<F&, const Tensor&, const std::string&> &&
           !std::is_same_v<std::remove_cvref_t<F>, MapLocation>) MapLocation(F function)
      : function_(std::move(function)) {}

  const std::optional<Device>& device() const { return device_; }
  const Devices& devices() const { return devices_; }
  const Function& function() const { return function_; }

 private:
  std::optional<Device> device_;
  Devices devices_;
  Function function_;
};

/// Dotted prefixes of names and their devices. The longest prefix wins; "" is the default. "fc" is a prefix of "fc" and
/// "fc.weight", not of "fc2.weight".
using DeviceMap = std::map<std::string, Device>;

}  // namespace cairn::io
