#include <cairn/io/destinations.h>

#include <algorithm>
#include <map>
#include <set>

#include <cairn/core/backend.h>
#include <cairn/core/error.h>
#include <cairn/core/random.h>

namespace cairn::io {

namespace {

/// The part of an escaped path after its last dot that separates (one behind a backslash does not); the rest stays in
/// `path`.
std::string_view take_last(std::string_view& path) {
  for (std::size_t i = path.size(); i-- > 0;) {
    if (path[i] != '.') continue;
    std::size_t backslashes = 0;
    while (backslashes < i && path[i - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 != 0) continue;
    const std::string_view last = path.substr(i + 1);
    path = path.substr(0, i);
    return last;
  }
  return std::exchange(path, {});
}

/// Whether no map may move a tensor off the CPU: a generator's state, which is read by the CPU, and an optimizer's
/// count of steps, which its update reads on the CPU. Both were saved from there; moved, each step would wait for a
/// device.
bool stays_on_cpu(std::string_view path, std::string_view tag, DType dtype, const Shape& shape) {
  if (tag != "cpu") return false;
  if (dtype == DType::uint8 && shape == Shape({Generator::state_size})) return true;
  if (!shape.empty() || take_last(path) != "step") return false;
  take_last(path);  // the parameter's index or name
  return take_last(path) == "state";
}

std::string upper_case(std::string text) {
  for (char& letter : text) letter = static_cast<char>(letter - 'a' + 'A');
  return text;
}

/// Rules by prefix, and which of them were of use.
class PrefixRules {
 public:
  explicit PrefixRules(const DeviceMap& rules) : rules_(rules) {
    for (const auto& [prefix, device] : rules_) {
      check<DeviceError>(is_available(device) || device.is_cpu(), "device_map: \"", prefix, "\" is to go to ", device,
                         ", which is absent");
    }
  }

  std::optional<Device> find(const std::string& name) {
    std::optional<Device> device;
    for (std::string_view prefix = name;;) {
      if (const auto rule = rules_.find(std::string(prefix)); rule != rules_.end()) {
        (device ? covered_ : used_).insert(rule->first);
        if (!device) device = rule->second;
      }
      if (prefix.empty()) return device;
      const std::size_t dot = prefix.rfind('.');
      prefix = dot == prefix.npos ? std::string_view() : prefix.substr(0, dot);
    }
  }

  /// A rule that decided nothing is a mistake, but for the default.
  void check_all_used(const std::vector<std::string>& names) const {
    std::string faults;
    for (const auto& [prefix, device] : rules_) {
      if (prefix.empty() || used_.contains(prefix)) continue;
      faults += text("\n  \"", prefix, "\": ",
                     covered_.contains(prefix) ? "longer prefixes cover every tensor below it"
                                               : "no tensor has this name or prefix");
    }
    if (faults.empty()) return;
    throw ValueError(
        text("device_map: rules that decide nothing:", faults),
        {.hint = names.empty() ? "The file holds no tensor." : text("Names look like \"", names.front(), "\".")});
  }

 private:
  const DeviceMap& rules_;
  std::set<std::string> used_, covered_;
};

/// Where tensors recorded under each tag go.
class LocationRules {
 public:
  LocationRules(const LoadOptions& options, const std::vector<std::string>& tags)
      : options_(options), tags_(tags), devices_(tags.size()) {
    if (options.map_location.device()) require_present(*options.map_location.device());
  }

  Device find(std::size_t location) {
    std::optional<Device>& device = devices_[location];
    if (!device) device = resolve(tags_[location]);
    return *device;
  }

 private:
  Device resolve(const std::string& tag) const {
    const MapLocation& map = options_.map_location;
    if (map.device()) return *map.device();
    if (const auto rule = map.devices().find(tag); rule != map.devices().end()) {
      require_present(rule->second);
      return rule->second;
    }
    try {
      return recorded_device(tag, options_.restore_location);
    } catch (const DeviceError&) {
      if (!map.function()) throw;
      return {};  // the function may know it; until then its tensors are shown on the CPU
    }
  }

  const LoadOptions& options_;
  const std::vector<std::string>& tags_;
  std::vector<std::optional<Device>> devices_;
};

void check_ties(const Index& index, const std::vector<Device>& devices, const Container& container) {
  std::vector<std::uint32_t> first(index.blob_count(), UINT32_MAX);
  for (std::uint32_t i = 0; i < index.tensor_count(); ++i) {
    std::uint32_t& before = first[index.tensor(i).blob];
    if (before == UINT32_MAX) before = i;
    if (devices[i] == devices[before]) continue;
    const std::vector<std::string> names = container.labels();
    throw ValueError(text("\"", names[before], "\" and \"", names[i], "\" share storage, but are to go to ",
                          devices[before], " and ", devices[i], "; give both one device"));
  }
}

}  // namespace

Destinations find_destinations(const Container& container, const LoadOptions& options) {
  const Index& index = container.index();
  const std::uint32_t count = index.tensor_count();
  const MapLocation& map = options.map_location;
  Destinations destinations;
  destinations.devices.reserve(count);
  LocationRules by_location(options, index.locations());
  const bool mapping = !options.device_map.empty() || map.device() || !map.devices().empty() || map.function();
  if (!mapping) {
    for (std::uint32_t i = 0; i < count; ++i)
      destinations.devices.push_back(by_location.find(index.tensor(i).location));
  } else {
    const std::vector<std::string> paths = container.names();
    const std::vector<std::string> names =
        options.device_map.empty() ? std::vector<std::string>() : container.names(false);
    PrefixRules by_name(options.device_map);
    if (map.function()) destinations.mapped.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const TensorRecord record = index.tensor(i);
      const std::optional<Device> named = names.empty() ? std::nullopt : by_name.find(names[i]);
      if (stays_on_cpu(paths[i], index.locations()[record.location], static_cast<DType>(index.blob(record.blob).dtype),
                       index.shape(i))) {
        destinations.devices.push_back({});
      } else if (named) {
        destinations.devices.push_back(*named);
      } else {
        destinations.devices.push_back(by_location.find(record.location));
        if (map.function()) destinations.mapped[i] = true;
      }
    }
    by_name.check_all_used(names);
  }
  check_ties(index, destinations.devices, container);
  return destinations;
}

Device recorded_device(std::string_view tag, const RestoreLocation& restore_location) {
  if (restore_location) {
    if (const std::optional<Device> device = restore_location(tag)) return *device;
  }
  try {
    return Device(tag);
  } catch (const DeviceError&) {
    throw DeviceError(
        text("don't know how to restore data location of torch.storage.UntypedStorage (tagged with ", tag, ")"),
        {.found = std::string(tag),
         .hint = "Load with map_location = \"cpu\", or say in restore_location which device the tag means."});
  }
}

void require_present(Device device) {
  if (device.is_cpu() || is_available(device)) return;
  const std::string type(name(device.type()));
  const int count = device_count(device.type());
  if (count == 0) {
    throw DeviceError(
        text("Attempting to deserialize object on a ", upper_case(type), " device but torch.", type,
             ".is_available() is False. If you are running on a CPU-only machine, please use torch.load with "
             "map_location=torch.device('cpu') to map your storages to the CPU."),
        {.expected = to_string(device), .hint = "In Cairn: io::load(path, {.map_location = \"cpu\"})."});
  }
  throw DeviceError(
      text("Attempting to deserialize object on ", upper_case(type), " device ", device.index(), " but torch.", type,
           ".device_count() is ", count,
           ". Please use torch.load with map_location to map your storages to an existing device."),
      {.expected = to_string(device), .hint = text("In Cairn: io::load(path, {.map_location = \"", type, ":0\"}).")});
}

}  // namespace cairn::io
