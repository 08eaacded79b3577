// Names of devices, read and written as PyTorch does. The table below lists the types there are.
#include <cairn/core/device.h>

#include <array>
#include <charconv>
#include <limits>

#include <cairn/core/error.h>

namespace cairn {
namespace {

struct TypeName {
  Device::Type type;
  std::string_view name;
};

constexpr std::array<Device::Type, 4> codes = {Device::Type::cpu, Device::Type::meta, Device::Type::sim,
                                               Device::Type::cuda};
constexpr std::array<TypeName, codes.size()> types = {{{Device::Type::cpu, "cpu"},
                                                       {Device::Type::cuda, "cuda"},
                                                       {Device::Type::meta, "meta"},
                                                       {Device::Type::sim, "sim"}}};

Device::Type parse_type(std::string_view text) {
  std::string names;
  for (const TypeName& known : types) {
    if (known.name == text) return known.type;
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  throw DeviceError(cairn::text("Expected one of ", names, " device type at start of device string: ", text));
}

/// Letters, and after a colon digits without a leading zero.
bool is_well_formed(std::string_view type, std::string_view index, bool has_colon) {
  if (type.empty() || (has_colon && index.empty())) return false;
  for (char c : type) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')) return false;
  }
  for (char c : index) {
    if (c < '0' || c > '9') return false;
  }
  return index.size() <= 1 || index[0] != '0';
}

}  // namespace

Device::Device(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool has_colon = colon != std::string_view::npos;
  const std::string_view type = text.substr(0, colon), index = has_colon ? text.substr(colon + 1) : std::string_view();
  check<DeviceError>(is_well_formed(type, index, has_colon), "Invalid device string: '", text, "'");
  type_ = parse_type(type);
  if (!has_colon) return;
  int number = 0;
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), number);
  check<DeviceError>(error == std::errc() && number <= std::numeric_limits<std::int8_t>::max(),
                     "Could not parse device index '", index, "' in device string '", text, "'");
  check<DeviceError>(type_ != Type::cpu || number == 0, "CPU device index must be -1 or zero, got ", number);
  index_ = static_cast<std::int8_t>(number);
}

std::span<const Device::Type> device_types() { return codes; }

std::string_view name(Device::Type type) {
  for (const TypeName& known : types) {
    if (known.type == type) return known.name;
  }
  throw DeviceError(text("device: ", static_cast<int>(type), " is no code of a device type"));
}

std::string to_string(Device device) {
  std::string text(name(device.type()));
  if (device.has_index()) text += ":" + std::to_string(device.index());
  return text;
}

std::string repr(Device device) {
  std::string text = "device(type='" + std::string(name(device.type())) + "'";
  if (device.has_index()) text += ", index=" + std::to_string(device.index());
  return text + ")";
}

}  // namespace cairn
