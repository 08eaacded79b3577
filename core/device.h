// Which device: "cpu", "meta" (shapes without numbers), "sim:0" (emulated, for tests and teaching), "cuda:1".
//
// A Device is a name only; whether it is there is asked when memory is wanted from it (backend.h). The types of device
// have fixed codes, because files record them, and one table in device.cpp lists them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cairn {

class Device {
 public:
  enum class Type : std::uint8_t { cpu = 0, meta = 1, sim = 2, cuda = 3 };

  constexpr Device() = default;  ///< The CPU.
  constexpr Device(Type type, int index = -1) : type_(type), index_(static_cast<std::int8_t>(index)) {}
  Device(std::string_view text);  ///< "cuda:1", or "cuda" for the first; throws DeviceError.
  Device(const char* text) : Device(std::string_view(text)) {}
  Device(const std::string& text) : Device(std::string_view(text)) {}

  constexpr Type type() const { return type_; }
  constexpr int index() const { return index_ < 0 ? 0 : index_; }
  constexpr bool has_index() const { return index_ >= 0; }
  constexpr bool is_cpu() const { return type_ == Type::cpu; }
  constexpr bool is_meta() const { return type_ == Type::meta; }

  /// "sim" is "sim:0": the same place.
  friend constexpr bool operator==(Device a, Device b) {
    return a.type_ == b.type_ && (a.index_ == b.index_ || a.index() == b.index());
  }

 private:
  Type type_ = Type::cpu;
  std::int8_t index_ = -1;
};

std::span<const Device::Type> device_types();  ///< All there can be, the CPU first.
std::string_view name(Device::Type type);      ///< "cuda"
std::string to_string(Device device);          ///< "cpu", "meta", "sim:0", "cuda:1"
std::string repr(Device device);               ///< "device(type='cuda', index=1)"

}  // namespace cairn
