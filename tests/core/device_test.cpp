// Names of devices, as PyTorch reads and prints them.
#include <cairn/core/device.h>

#include "catch.h"

#include <cairn/core/error.h>

using namespace cairn;

TEST_CASE("A device is read from its name and prints as it") {
  struct Row {
    const char* text;
    Device::Type type;
    int index;
    bool has_index;
    const char* repr;
  };
  const Row rows[] = {{"cpu", Device::Type::cpu, 0, false, "device(type='cpu')"},
                      {"cpu:0", Device::Type::cpu, 0, true, "device(type='cpu', index=0)"},
                      {"meta", Device::Type::meta, 0, false, "device(type='meta')"},
                      {"cuda", Device::Type::cuda, 0, false, "device(type='cuda')"},
                      {"cuda:0", Device::Type::cuda, 0, true, "device(type='cuda', index=0)"},
                      {"cuda:12", Device::Type::cuda, 12, true, "device(type='cuda', index=12)"},
                      {"sim:127", Device::Type::sim, 127, true, "device(type='sim', index=127)"}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Device device(row.text);
    CHECK(device.type() == row.type);
    CHECK(device.index() == row.index);
    CHECK(device.has_index() == row.has_index);
    CHECK(to_string(device) == row.text);
    CHECK(repr(device) == row.repr);
  }
}

TEST_CASE("A device without an index is the first one") {
  CHECK(Device("sim") == Device("sim:0"));
  CHECK(Device("cuda") == Device(Device::Type::cuda, 0));
  CHECK(!(Device("cuda:1") == Device("cuda:0")));
  CHECK(!(Device("cuda:0") == Device("sim:0")));
  CHECK(Device() == Device("cpu"));
}

TEST_CASE("A wrong name is an error with PyTorch's text") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row rows[] = {
      {"foo", "Expected one of cpu, cuda, meta, sim device type at start of device string: foo"},
      {"CUDA", "Expected one of cpu, cuda, meta, sim device type at start of device string: CUDA"},
      {"foo:1", "Expected one of cpu, cuda, meta, sim device type at start of device string: foo"},
      {"", "Invalid device string: ''"},
      {":0", "Invalid device string: ':0'"},
      {"cuda:", "Invalid device string: 'cuda:'"},
      {"cuda:-1", "Invalid device string: 'cuda:-1'"},
      {"cuda:01", "Invalid device string: 'cuda:01'"},
      {"cuda:1:2", "Invalid device string: 'cuda:1:2'"},
      {"cuda 1", "Invalid device string: 'cuda 1'"},
      {"cuda:1x", "Invalid device string: 'cuda:1x'"},
      {"cuda:128", "Could not parse device index '128' in device string 'cuda:128'"},
      {"cuda:99999999999999999999",
       "Could not parse device index '99999999999999999999' in device string 'cuda:99999999999999999999'"},
      {"cpu:1", "CPU device index must be -1 or zero, got 1"}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK_THROWS_AS(Device(row.text), DeviceError);
    CHECK_THROWS_WITH(Device(row.text), row.message);
  }
}
