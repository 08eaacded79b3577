// What gdb_printers_test.py looks at with gdb, while this program stands in `stop`.
#include <complex>
#include <cstring>
#include <limits>
#include <string>

#include <cairn/core/core.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/nn.h>

using namespace cairn;

namespace {

[[gnu::noinline]] void stop() { asm volatile(""); }
[[gnu::noinline]] Shape made_shape() { return {2, 3}; }
[[gnu::noinline]] Tensor made_tensor() { return arange(3); }
[[gnu::noinline]] Value made_value() { return List{1, "two"}; }

struct NoSource : TensorSource {
  void verify(std::span<const Tensor>, const Progress&) override {}
  void read(std::span<const Transfer>, const Progress&, std::size_t*) override {}
  std::vector<Tensor> materialize(std::span<const Tensor>, const Progress&) override { return {}; }
};

}  // namespace

int main() {
  const Tensor matrix = tensor({0.1f, -2.0f, 1e-8f, 1e30f, 16777216.0f, 0.0f}).view({2, 3});
  [[maybe_unused]] const Tensor& reference = matrix;
  const Tensor transposed = matrix.t(), row = matrix.select(0, 1), spread = tensor({7.0f}).expand({2, 2});
  const Tensor scalar = scalar_tensor(2.5), empty_one = zeros({0, 3}), long_one = arange(100), undefined;
  const Tensor deep = zeros({1, 1, 1, 1, 1, 1, 2, 1});
  const Tensor weight = ones({2}, {.requires_grad = true}), computed = relu(weight * weight);
  const Tensor meta = zeros({2, 3}, {.device = "meta"});
  const Tensor deferred = make_deferred(Reference<TensorSource>::adopt(new NoSource), 0, {2}, DType::int8, Device());
  const nn::Parameter parameter(ones({1}));

  Tensor each[dtype_count], extreme[dtype_count];
  for (std::size_t code = 0; code < dtype_count; ++code) {
    const auto dtype = static_cast<DType>(code);
    each[code] = tensor({0.0f, 0.1f, 2.5f}).to(dtype);
    if (category(dtype) < DTypeCategory::floating) continue;
    constexpr float infinity = std::numeric_limits<float>::infinity();
    extreme[code] = tensor({infinity, -infinity, 0.001953125f, -0.0f}).to(dtype);
  }

  const Shape none, shape{2, 3}, long_shape{1, 2, 3, 4, 5, 6, 7};
  const Device cpu, device("sim:1");
  [[maybe_unused]] const DType dtype = DType::bfloat16;
  const Reference<TensorImpl> counted = Reference<TensorImpl>::share(scalar.impl()), null;

  const Key name("it's"), number(-5);
  const Value run = {{"none", nullptr},
                     {"flag", true},
                     {"epoch", -3},
                     {"big", BigInteger::from_decimal("-123456789012345678901234567890")},
                     {"lr", 0.1},
                     {"complex", std::complex<double>(1, -2)},
                     {"text", "gr\xc3\xbc\xc3\x9f\n\xff"},
                     {"bytes", Bytes{{std::byte{0}, std::byte{'a'}}}},
                     {"list", List{1, List{}, Tuple{2}, Set{3}}},
                     {7, StateDict{{"weight", scalar}}}};
  const Value long_text = std::string(1000, 'a'), empty_dict = Dict{}, of_tensor = scalar;
  [[maybe_unused]] const Dict& dict = run.as_dict();
  [[maybe_unused]] const List& list = run["list"].as_list();
  const StateDict state{{"bias", scalar}, {"extra", 1}}, empty_state;

  // What no constructor made, and copies that are not what they were.
  alignas(8) char garbage[128], zeroed[128] = {}, copies[3][sizeof(TensorImpl)];
  std::memset(garbage, 0x5a, sizeof garbage);
  for (char* copy : copies) std::memcpy(copy, static_cast<const void*>(matrix.impl()), sizeof(TensorImpl));
  reinterpret_cast<TensorImpl*>(copies[0])->device = device;
  reinterpret_cast<TensorImpl*>(copies[1])->offset = std::int64_t{1} << 50;
  reinterpret_cast<TensorImpl*>(copies[2])->numel = 7;
  char *to_zeroed = zeroed, *there = copies[0], *outside = copies[1], *broken = copies[2];

  stop();
  const Shape returned_shape = made_shape();
  const Tensor returned_tensor = made_tensor();
  const Value returned_value = made_value();
  return garbage[0] + to_zeroed[0] + there[0] + outside[0] + broken[0] == 0;
}
