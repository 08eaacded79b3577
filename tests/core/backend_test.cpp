#include <cstring>
#include <string>
#include <vector>

#include <cairn/core.h>
#include <cairn/core/backend.h>
#include <cairn/core/cpu/instruction_set.h>
#include <cairn/core/dispatch.h>

#include "catch.h"
#include "devices.h"
#include "message_of.h"

using namespace cairn;

TEST_CASE("a device that is not there is named") {
  CHECK_FALSE(is_available("sim:99"));
  CHECK(is_available("sim:3"));
  CHECK(message_of([] { zeros({1}, {.device = "sim:99"}); }) ==
        "there is no sim:99: 8 such devices are present, numbered from 0");
}

TEST_CASE("a device whose backend is not in the program gets PyTorch's text, and the way out as a hint") {
  if (find_backend(Device::Type::cuda)) return;
  CHECK_FALSE(is_available("cuda:0"));
  CHECK(device_count(Device::Type::cuda) == 0);
  try {
    zeros({1}, {.device = "cuda:1"});
    FAIL("a tensor on a device that is absent");
  } catch (const DeviceError& error) {
    CHECK(error.message() == "Torch not compiled with CUDA enabled");
    CHECK(error.fields().found == "cuda:1");
    CHECK(error.fields().hint ==
          "there is no cuda:1: this program has no cuda backend; link Cairn::cuda, open its plug-in with "
          "load_backend(), or use \"cpu\"");
  }
}

TEST_CASE("a table of another version is refused") {
  const Backend* before = find_backend(Device::Type::cuda);
  Backend other = backend(Device());
  other.version += 1;
  other.type = Device::Type::cuda;
  CHECK_THROWS_AS(register_backend(other), DeviceError);
  CHECK(find_backend(Device::Type::cuda) == before);
}

TEST_CASE("the first table of a type stays") {
  static Backend other = backend("sim:0");
  register_backend(other);
  CHECK(find_backend(Device::Type::sim) != &other);
}

TEST_CASE("memory of a device is taken, returned and taken again", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    for (int round = 0; round < 50; ++round) {
      const Tensor a = full({1 << 20}, round, {.device = device}), b = full({333}, -round, {.device = device});
      CHECK(a[12345].item() == round);
      CHECK((a.narrow(0, 0, 333) + b).to("cpu")[332].item() == 0);
    }
    synchronize(device);
  }
}

TEST_CASE("streams and events of every backend are made, waited for and given back", "[device]") {
  std::vector<Device> all = everywhere();
  all.push_back("meta");
  for (const Device device : all) {
    CAPTURE(device);
    const Backend& table = backend(device);
    void *stream = nullptr, *event = nullptr;
    REQUIRE(table.create_stream(0, &stream) == Status::ok);
    REQUIRE(table.create_event(0, &event) == Status::ok);
    CHECK(table.record_event(0, event, stream) == Status::ok);
    CHECK(table.wait_event(0, event, nullptr) == Status::ok);
    CHECK(table.wait_event(0, event, stream) == Status::ok);
    CHECK(table.synchronize(0, stream) == Status::ok);
    CHECK(table.destroy_event(0, event) == Status::ok);
    CHECK(table.destroy_stream(0, stream) == Status::ok);
  }
}

TEST_CASE("an operation without a kernel for a dtype says so", "[device]") {
  for (const Device device : everywhere()) {
    CHECK(message_of([&] { exp(zeros({2}, {.dtype = DType::complex64, .device = device})); }) ==
          text("\"exp\" not implemented for 'complex64' on ", name(device.type())));
    CHECK_THROWS_AS(exp(zeros({2}, {.dtype = DType::complex64, .device = device})), DTypeError);
    CHECK(ones({2}, {.device = device}).sum().item() == 2);
  }
}

TEST_CASE("a tracer sees every operation of its scope", "[device]") {
  struct Names : Tracer {
    std::vector<Operation> seen;
    void traced(Operation operation, DType, std::span<const Tensor* const>, const void*, std::size_t) override {
      seen.push_back(operation);
    }
  };
  for (const Device device : everywhere()) {
    Names names;
    const Tensor x = zeros({2}, {.device = device});
    {
      const UseTracer use(names);
      relu(x + x);
    }
    relu(x);
    CHECK(names.seen == std::vector<Operation>{Operation::add, Operation::relu});
  }
}

TEST_CASE("every operation has a name of its own") {
  for (std::size_t i = 0; i < operation_count; ++i) {
    CHECK_FALSE(name(static_cast<Operation>(i)).empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(name(static_cast<Operation>(i)) != name(static_cast<Operation>(j)));
  }
}

TEST_CASE("the instruction set in use is one the machine has") {
  CHECK(machine_has(instruction_set_in_use()));
  CHECK(instruction_set() == name(instruction_set_in_use()));
}

#if defined(__x86_64__)
namespace {

/// Whether the upper halves of vector registers hold anything, as the processor keeps account of it; false where it
/// does not.
bool upper_halves_in_use() {
  unsigned a = 0xd, b = 0, c = 1, d = 0;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  if (!(a & 4)) return false;
  asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(1));
  return a & 0x44;  // of ymm, of zmm
}

}  // namespace

TEST_CASE("kernels leave no upper halves behind that would slow down the application") {
  const InstructionSet before = instruction_set_in_use();
  for (const InstructionSet set : {InstructionSet::avx2, InstructionSet::avx512}) {
    if (!machine_has(set)) continue;
    use_instruction_set(set);
    const Tensor weight = rand({3, 20}, {.requires_grad = true}), x = rand({4, 20}),
                 target = zeros({4}, {.dtype = DType::int64});
    const Tensor buffer = zeros({3, 20});
    Tensor y, loss;
    const auto leaves_none = [](auto&& work) {
      asm volatile("vzeroupper");
      work();
      const bool in_use = upper_halves_in_use();
      asm volatile("vzeroupper");
      return !in_use;
    };
    CHECK(leaves_none([&] { y = relu(linear(x, weight)); }));
    CHECK(leaves_none([&] { y = sigmoid(y) * y + y; }));
    CHECK(leaves_none([&] { loss = cross_entropy(y, target); }));
    CHECK(leaves_none([&] { loss = loss + mse_loss(y, zeros({4, 3})); }));
    CHECK(leaves_none([&] { loss.backward(); }));
    CHECK(leaves_none([&] {
      sgd_update(std::vector<SgdUpdate>{{&weight, &weight.grad(), &buffer}},
                 {.lr = 0.1, .momentum = 0.9, .dampening = 0, .weight_decay = 0, .nesterov = false, .maximize = false});
    }));
  }
  use_instruction_set(before);
}
#endif
