// Where loaded tensors go: map_location in all its forms, device_map by prefix, devices that are absent.
#include "catch.h"

#include "devices.h"
#include "message_of.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

/// Two devices besides the CPU.
struct Places {
  Device first, second;

  explicit Places(Device device) : first(device), second(another_device(device)) {}
  std::string first_tag() const { return to_string(first); }
  std::string second_tag() const { return to_string(second); }
};

/// Two tensors saved on the first of the devices, one of them twice, one on the second, and one on the CPU.
Bytes saved_on(const Places& places) {
  const Tensor there = numbered({2, 3}).to(places.first);
  return io::save_to_memory({{"a", there},
                             {"tied", there.t()},
                             {"nested", Value{{"b.c", numbered({4}).to(places.second)}}},
                             {"cpu", numbered({2})}});
}

/// A file whose first tensor is tagged as if it came from elsewhere.
Bytes saved_with_tag(const std::string& tag) {
  return io::save_to_memory(numbered({3}), {.location_tag = [&](const Tensor&) { return tag; }});
}

Device device_of(const Value& value, const char* key) { return value[key].as_tensor().device(); }

}  // namespace

TEST_CASE("Without a map tensors go where they were", "[io][location][device]") {
  const Places places(GENERATE(from_range(devices())));
  CAPTURE(places.first, places.second);
  const Bytes file = saved_on(places);
  const Value value = io::load_memory(file.data);
  CHECK(device_of(value, "a") == places.first);
  CHECK(device_of(value, "cpu") == Device());
  CHECK(value["a"].as_tensor().shares_storage(value["tied"].as_tensor()));
  CHECK(elements(value["a"].as_tensor()) == elements(numbered({2, 3})));
  CHECK(device_of(io::open_memory(file.data), "a") == places.first);  // known before anything is read
}

TEST_CASE("map_location is a device, a text, a dict or a function", "[io][location][device]") {
  const Places places(GENERATE(from_range(devices())));
  CAPTURE(places.first, places.second);
  const Bytes file = saved_on(places);
  SECTION("a text") {
    const Value value = io::load_memory(file.data, {.map_location = "cpu"});
    CHECK(device_of(value, "a") == Device());
    CHECK(elements(value["a"].as_tensor()) == elements(numbered({2, 3})));
    CHECK(value["a"].as_tensor().shares_storage(value["tied"].as_tensor()));
  }
  SECTION("a device") {
    CHECK(device_of(io::load_memory(file.data, {.map_location = places.second}), "cpu") == places.second);
  }
  SECTION("a dict: what is not listed stays") {
    const Value value = io::load_memory(file.data, {.map_location = {{places.first_tag(), places.second}}});
    CHECK(device_of(value, "a") == places.second);
    CHECK(device_of(value, "cpu") == Device());
  }
  SECTION("a function of storage and tag") {
    std::vector<std::string> seen;
    const Value value = io::load_memory(
        file.data, {.map_location = [&](const Tensor& storage, const std::string& tag) -> std::optional<Tensor> {
          CHECK(storage.device().is_cpu());
          CHECK(storage.dim() == 1);
          seen.push_back(tag + " " + std::to_string(storage.numel()));
          if (tag == places.first_tag()) return storage;
          return std::nullopt;
        }});
    CHECK(seen == std::vector<std::string>{places.first_tag() + " 6", places.second_tag() + " 4",
                                           "cpu 2"});  // each storage once
    CHECK(device_of(value, "a") == Device());
    CHECK(value["a"].as_tensor().shares_storage(value["tied"].as_tensor()));
    CHECK(value["nested"]["b.c"].as_tensor().device() == places.second);
    CHECK(elements(value["tied"].as_tensor()) == elements(numbered({2, 3}).t()));
  }
  SECTION("a function that moves, as in a lesson") {
    const auto move = [&](const Tensor& storage, const std::string&) { return storage.to(places.first); };
    const Value value = io::load_memory(file.data, {.map_location = move});
    CHECK(device_of(value, "cpu") == places.first);
    CHECK(elements(value["a"].as_tensor()) == elements(numbered({2, 3})));
  }
  SECTION("a function that returns something else") {
    const auto wrong = [](const Tensor&, const std::string&) { return zeros({5}); };
    CHECK_THROWS_WITH(io::load_memory(file.data, {.map_location = wrong}),
                      Contains("map_location: the function was given a storage of 6 float32"));
  }
  SECTION("meta: shapes without numbers") {
    const Value value = io::load_memory(file.data, {.map_location = "meta"});
    CHECK(device_of(value, "a").is_meta());
    CHECK(value["tied"].as_tensor().shape() == Shape({3, 2}));
  }
}

TEST_CASE("Absent devices are errors with PyTorch's texts, unless nothing is to lie on them",
          "[io][location][device]") {
  const Bytes plain = io::save_to_memory(numbered({3}));
  const auto refuse = [&](const Bytes& file, Device device, const std::string& text) {
    CAPTURE(device);
    CHECK(message_of([&] { io::load_memory(file.data); }) == text);
    CHECK(message_of([&] { io::load_memory(plain.data, {.map_location = device}); }) == text);
    CHECK(message_of([&] {
            io::load_memory(plain.data, {.device_map = {{"", device}}});
          }) == cairn::text("device_map: \"\" is to go to ", device, ", which is absent"));

    CHECK_NOTHROW(io::load_memory(file.data, {.map_location = "cpu"}));
    const Value deferred = io::open_memory(file.data);  // opening needs no device, and a load into a model neither
    for (const Device where : everywhere()) {
      const Tensor target = zeros({3}, {.device = where});
      LoadPlan plan;
      plan.transfer("x", deferred.as_tensor(), target);
      plan.commit();
      CHECK(elements(target) == elements(numbered({3})));
      CHECK(elements(io::load_memory(file.data, {.map_location = where}).as_tensor()) == elements(numbered({3})));
    }
  };
  if (!find_backend(Device::Type::cuda)) {
    refuse(
        saved_with_tag("cuda:0"), "cuda:0",
        "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running "
        "on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to "
        "the CPU.");
  }
  for (const Device device : devices()) {
    std::string type(name(device.type())), upper = type;
    for (char& letter : upper) letter = static_cast<char>(letter - 'a' + 'A');
    const int count = device_count(device.type());
    const Device absent(device.type(), count);
    refuse(saved_with_tag(to_string(absent)), absent,
           text("Attempting to deserialize object on ", upper, " device ", count, " but torch.", type,
                ".device_count() is ", count,
                ". Please use torch.load with map_location to map your storages to an existing device."));
  }
}

TEST_CASE("Tags of an application's own", "[io][location][device]") {
  const Device device = GENERATE(from_range(devices()));
  CAPTURE(device);
  const Bytes file = saved_with_tag("foo");
  CHECK_THROWS_WITH(
      io::load_memory(file.data),
      Contains("don't know how to restore data location of torch.storage.UntypedStorage (tagged with foo)"));
  CHECK(io::inspect(io::memory_source(file)).tensors[0].location == "foo");
  const auto restore = [&](std::string_view tag) -> std::optional<Device> {
    return tag == "foo" ? std::optional(device) : std::nullopt;
  };
  CHECK(io::load_memory(file.data, {.restore_location = restore}).as_tensor().device() == device);
  CHECK(io::load_memory(file.data, {.map_location = "cpu"}).as_tensor().device().is_cpu());
  const auto keep = [](const Tensor& storage, const std::string&) -> std::optional<Tensor> { return storage; };
  CHECK(io::load_memory(file.data, {.map_location = keep}).as_tensor().device().is_cpu());
  const auto nothing = [](const Tensor&, const std::string&) -> std::optional<Tensor> { return std::nullopt; };
  CHECK_THROWS_AS(io::load_memory(file.data, {.map_location = nothing}), DeviceError);
}

TEST_CASE("A device map goes by dotted prefix, the longest first", "[io][location][device]") {
  const Places places(GENERATE(from_range(devices())));
  CAPTURE(places.first, places.second);
  StateDict model;
  for (const char* name : {"encoder.fc.weight", "encoder.fc2.weight", "encoder.norm.bias", "head.weight"})
    model.set(name, numbered({2}));
  const Bytes file = io::save_to_memory({{"model", model}});
  const auto load = [&](io::DeviceMap map) {
    return io::load_memory(file.data, {.device_map = std::move(map)})["model"].as_state_dict();
  };

  const StateDict mapped = load({{"", "cpu"}, {"model.encoder", places.second}, {"model.encoder.fc", places.first}});
  CHECK(mapped.at("encoder.fc.weight").device() == places.first);
  CHECK(mapped.at("encoder.fc2.weight").device() == places.second);
  CHECK(mapped.at("head.weight").device() == Device());
  CHECK(load({{"model.head.weight", places.second}}).at("head.weight").device() == places.second);

  CHECK_THROWS_WITH(load({{"model.enc", "cpu"}, {"model.head", "cpu"}}),
                    Contains("\"model.enc\": no tensor has this name or prefix") && !Contains("model.head\""));
  CHECK_THROWS_WITH(load({{"model", "cpu"}, {"model.encoder", places.second}, {"model.head", places.second}}),
                    Contains("\"model\": longer prefixes cover every tensor"));
  CHECK_THROWS_WITH(load({{"model.head", "sim:77"}}), Contains("\"model.head\" is to go to sim:77, which is absent"));
  CHECK_NOTHROW(load({{"", "cpu"}, {"model", places.second}}));  // a default need not be used

  const Bytes tied = saved_on(places);
  CHECK_THROWS_WITH(io::load_memory(tied.data, {.device_map = {{"a", "cpu"}, {"tied", places.second}}}),
                    Contains("\"a\" and \"tied\" share storage"));
  const Value both = io::load_memory(
      tied.data, {.map_location = {{places.second_tag(), "cpu"}}, .device_map = {{"a", "cpu"}, {"tied", "cpu"}}});
  CHECK(both["nested"]["b.c"].as_tensor().device().is_cpu());
}

TEST_CASE("Generator state and the optimizer's step stay on the CPU", "[io][location][device]") {
  const Device device = GENERATE(from_range(devices()));
  CAPTURE(device);
  const Bytes file = io::save_to_memory(
      {{"run", small_checkpoint()}, {"generator", Generator(3).get_state()}, {"step", scalar_tensor(1.0)}});
  const auto move = [&](const Tensor& storage, const std::string&) { return storage.to(device); };
  for (const io::LoadOptions& options :
       {io::LoadOptions{.map_location = device}, io::LoadOptions{.map_location = {{"cpu", device}}},
        io::LoadOptions{.map_location = move}, io::LoadOptions{.device_map = {{"", device}}}}) {
    const Value value = io::load_memory(file.data, options);
    CHECK(value.at("run", "optimizer", "state", 0, "exp_avg").as_tensor().device() == device);
    CHECK(value.at("run", "optimizer", "state", 0, "step").as_tensor().device().is_cpu());
    CHECK(value["generator"].as_tensor().device().is_cpu());
    CHECK(value["step"].as_tensor().device() == device);  // a name alone is no optimizer's step
  }
}
