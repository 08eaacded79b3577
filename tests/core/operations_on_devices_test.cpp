// Every operation on every device against the CPU: values and gradients, in every dtype the device takes, for every way
// numbers can lie in memory. closeness.h says how near they must be.
//
// Which operations ran is not declared but watched (Operations), so that none can be left out: at the end every pair of
// operation and dtype that the device's table supports must have been compared.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <cairn/core.h>
#include <cairn/core/backend.h>
#include <cairn/core/tensor_impl.h>

#include "catch.h"
#include "closeness.h"
#include "devices.h"
#include "message_of.h"
#include "operation_cases.h"

using namespace cairn;

namespace {

constexpr DType floats[] = {DType::float32, DType::float64, DType::float16, DType::bfloat16};

/// What was computed on a device so far.
class Comparison {
 public:
  explicit Comparison(Device device) : device_(device), table_(backend(device)) {}

  Device device() const { return device_; }

  /// The dtypes in which the device computes with floating numbers.
  std::vector<DType> dtypes() const {
    std::vector<DType> taken;
    for (const DType dtype : floats)
      if (table_.supports(Operation::add, dtype)) taken.push_back(dtype);
    return taken;
  }

  /// What `compute` gives, and what the table in closeness.h allows for the operations it went through.
  template <class F>
  auto run(F&& compute, Closeness& allowed) {
    Operations operations;
    const auto result = [&] {
      const UseTracer use(operations);
      return compute();
    }();
    allowed = closeness_of(device_, operations.seen);
    compared_.insert(operations.seen.begin(), operations.seen.end());
    return result;
  }

  /// Pairs of operation and dtype that the device supports and nothing has gone through.
  std::vector<std::string> left_out() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < operation_count; ++i) {
      for (std::size_t code = 0; code < dtype_count; ++code) {
        const auto operation = static_cast<Operation>(i);
        const auto dtype = static_cast<DType>(code);
        if (table_.supports(operation, dtype) && !compared_.contains({operation, dtype}))
          names.push_back(text(name(operation), " of ", name(dtype)));
      }
    }
    return names;
  }

  /// Operations that the CPU has in a dtype and the device has not.
  std::vector<std::string> missing() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < operation_count; ++i) {
      for (std::size_t code = 0; code < dtype_count; ++code) {
        const auto operation = static_cast<Operation>(i);
        const auto dtype = static_cast<DType>(code);
        if (backend(Device()).supports(operation, dtype) && !table_.supports(operation, dtype))
          names.push_back(text(name(operation), " of ", name(dtype)));
      }
    }
    return names;
  }

 private:
  Device device_;
  const Backend& table_;
  std::set<Operations::Seen> compared_;
};

/// The dtype in which the CPU computes the reference.
DType reference_dtype(DType dtype) { return is_half(dtype) ? DType::float32 : dtype; }

/// A result and the gradients of the inputs, those that there are.
struct Outcome {
  Tensor value;
  std::vector<Tensor> gradients;
};

/// How the elements of a result are weighed: in numbers of the narrowest dtype compared, so that every device weighs
/// alike.
Tensor weights_of(const Tensor& y) {
  Operations not_compared;
  const UseTracer use(not_compared);
  return (rand(y.shape(), {.dtype = DType::float64}, Generator(11)) + 0.5)
      .to(DType::bfloat16)
      .to(y.dtype())
      .to(y.device());
}

Outcome outcome_of(const Case& test, const std::vector<Tensor>& inputs) {
  Outcome outcome;
  const Tensor y = test.compute(inputs);
  outcome.value = y.detach();
  if (!y.requires_grad()) return outcome;
  y.backward(weights_of(y));
  for (const Tensor& input : inputs) outcome.gradients.push_back(input.grad());
  return outcome;
}

std::vector<Tensor> widened(const std::vector<Tensor>& inputs, DType dtype) {
  std::vector<Tensor> wide;
  for (const Tensor& input : inputs) wide.push_back(input.detach().to(dtype).requires_grad_(input.requires_grad()));
  return wide;
}

/// The case on the device, in a dtype and a layout, against the CPU.
Outcome compare(Comparison& comparison, const Case& test, DType dtype, Layout layout) {
  Closeness allowed;
  const Outcome found =
      comparison.run([&] { return outcome_of(test, inputs_of(test, layout, dtype, comparison.device())); }, allowed);
  // In 16 bits the CPU's reference begins with the rounded inputs.
  const Outcome expected = outcome_of(test, widened(inputs_of(test, layout, dtype), reference_dtype(dtype)));
  const auto rounded = [&](const Tensor& tensor) {
    return is_floating_point(tensor.dtype()) ? tensor.to(found.value.dtype()) : tensor;
  };
  CHECK(found.value.device() == comparison.device());
  CHECK(difference(found.value, rounded(expected.value), allowed) == "");
  REQUIRE(found.gradients.size() == expected.gradients.size());
  for (std::size_t i = 0; i < found.gradients.size(); ++i) {
    CAPTURE(i);
    CHECK(found.gradients[i].defined() == expected.gradients[i].defined());
    if (found.gradients[i].defined())
      CHECK(difference(found.gradients[i], rounded(expected.gradients[i]), allowed) == "");
  }
  return found;
}

bool is_product(const Comparison& comparison, const Case& test) {
  return comparison.device().type() != Device::Type::sim &&
         (test.name.find("matmul") == 0 || test.name.find("linear") == 0 || test.name.find("vector") == 0 ||
          test.name.find("matrix") == 0);
}

void compare_floats(Comparison& comparison) {
  for (const std::vector<Case>* table : {&small_cases(), &awkward_cases()}) {
    for (const Case& test : *table) {
      for (const DType dtype : comparison.dtypes()) {
        CAPTURE(test.name, name(dtype));
        INFO("rows");
        const Outcome rows = compare(comparison, test, dtype, Layout::rows);
        {
          INFO("spread");
          const Outcome spread = compare(comparison, test, dtype, Layout::spread);
          // But for products, which a library computes, an element does not depend on where its operands lie.
          if (!is_product(comparison, test)) CHECK(difference(spread.value, rows.value, {}) == "");
        }
        INFO("repeated");
        compare(comparison, test, dtype, Layout::repeated);
      }
    }
  }
}

void compare_whole_numbers(Comparison& comparison) {
  for (const Case& test : whole_cases()) {
    for (const Layout layout : {Layout::rows, Layout::spread, Layout::repeated}) {
      CAPTURE(test.name, name(layout));
      compare(comparison, test, DType::int64, layout);
    }
  }
}

/// Numbers that every dtype holds, and those that must be rounded, cut off or wrapped.
Tensor numbers_to_convert(DType dtype) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const Tensor wide = tensor<double>(
      {0.0,   -0.0,  1.0,   -1.0,   1.9,    -1.9,  2.5,      3.5,  127.0, 128.0, 255.0,    256.0,    300.0,
       447.9, 464.0, 465.0, 2048.0, 2049.0, 65504, 65520.0,  1e-8, 6e-5,  1e30,  -3e9,     3e9,      5.5e18,
       1e19,  -1e19, 1e300, 1e-30,  1e-45,  none,  infinity, 0.1,  1e-5,  -0.3,  16777217, 33554433, -infinity});
  if (dtype == DType::complex64) {  // with imaginary parts, which conversions drop
    const Tensor made = wide.to(dtype);
    for (auto& number : made.data<std::complex<float>>()) number.imag(7);
    return made;
  }
  return wide.to(dtype);
}

std::vector<unsigned char> bytes_of(const Tensor& tensor) {
  const Tensor here = tensor.to(Device()).contiguous();
  std::vector<unsigned char> bytes(static_cast<std::size_t>(here.nbytes()));
  if (!bytes.empty()) std::memcpy(bytes.data(), here.raw_data(), bytes.size());
  return bytes;
}

/// Equal bytes, or the same numbers where a NaN's bytes may differ.
bool same_numbers(const Tensor& a, const Tensor& b) {
  if (bytes_of(a) == bytes_of(b)) return true;
  return is_floating_point(a.dtype()) && difference(a, b, {}) == "";
}

/// All pairs of dtypes, and filling, in every layout.
void compare_conversions(Comparison& comparison) {
  Closeness unused;
  for (std::size_t from = 0; from < dtype_count; ++from) {
    const Tensor here = numbers_to_convert(static_cast<DType>(from)).view({3, -1});
    for (std::size_t to = 0; to < dtype_count; ++to) {
      const auto dtype = static_cast<DType>(to);
      for (const Layout layout : {Layout::rows, Layout::spread, Layout::repeated}) {
        CAPTURE(name(here.dtype()), name(dtype), name(layout));
        const Tensor there = laid_out(here, layout, comparison.device());
        const Tensor found = comparison.run([&] { return there.to(dtype).contiguous(); }, unused);
        CHECK(same_numbers(found, laid_out(here, layout).to(dtype)));
        const Tensor spread = laid_out(zeros({3, 13}, {.dtype = dtype}), Layout::spread, comparison.device());
        comparison.run([&] { return spread.copy_(there).detach(); }, unused);
        CHECK(same_numbers(spread, laid_out(here, layout).to(dtype)));
      }
    }
    for (const Scalar value : {Scalar(1), Scalar(0), Scalar(-3), Scalar(2.75), Scalar(1e30),
                               Scalar(std::numeric_limits<double>::quiet_NaN()), Scalar(std::int64_t{1} << 60)}) {
      CAPTURE(name(here.dtype()), value.floating);
      if (message_of([&] { full({}, value, {.dtype = here.dtype()}); }) != "nothing was thrown")
        continue;  // no such number
      const Tensor filled = laid_out(here, Layout::spread, comparison.device());
      comparison.run([&] { return filled.fill_(value).detach(); }, unused);
      CHECK(same_numbers(filled, full({3, 13}, value, {.dtype = here.dtype()})));
    }
  }
}

/// Elements of every dtype taken by an index, as the bits that they are.
void compare_gathers(Comparison& comparison) {
  Closeness unused;
  for (std::size_t code = 0; code < dtype_count; ++code) {
    const Tensor here = numbers_to_convert(static_cast<DType>(code)).view({3, -1});
    for (const Layout layout : {Layout::rows, Layout::spread, Layout::repeated}) {
      CAPTURE(name(here.dtype()), name(layout));
      const auto taken = [&](Device device) {
        const Tensor x = laid_out(here, layout, device), places = tensor<std::int64_t>({12, 0, 7, 7, 3}).to(device);
        return std::pair(index_select(x, 1, places), gather(x, 0, places.view({1, 5}) * 0 + 2));
      };
      const auto found = comparison.run([&] { return taken(comparison.device()); }, unused), expected = taken({});
      CHECK(bytes_of(found.first) == bytes_of(expected.first));
      CHECK(bytes_of(found.second) == bytes_of(expected.second));
    }
  }
}

/// Parameters of many shapes, more than fit one list a kernel could hold, with what belongs to each.
struct Parameters {
  std::vector<Tensor> parameter, grad, first, second, largest, mean;
  Tensor step = scalar_tensor(3.0);

  Parameters(DType drawn, DType computed, Device device) {
    const Generator generator(5);
    for (int i = 0; i < 150; ++i) {
      const Shape shape = i == 0   ? Shape{}
                          : i == 1 ? Shape{0}
                          : i == 2 ? Shape{5003}
                          : i % 7  ? Shape{i % 5 + 1, i % 11 + 1}
                                   : Shape{1, i, 3};
      const Layout layout = i % 3 == 2 ? Layout::spread : Layout::rows;
      const auto draw = [&](double low, double high) {
        const Tensor made = rand(shape, {.dtype = DType::float64}, generator) * (high - low) + low;
        return laid_out(made.to(drawn).to(computed), layout, device);
      };
      parameter.push_back(draw(-1, 1));
      grad.push_back(draw(-1, 1));
      first.push_back(draw(-0.1, 0.1));
      second.push_back(draw(0.01, 0.1));
      largest.push_back(draw(0.01, 0.1));
      mean.push_back(draw(-0.01, 0.01));
    }
  }

  std::vector<Tensor> all() const {
    std::vector<Tensor> list;
    for (const auto* part : {&parameter, &first, &second, &largest, &mean})
      list.insert(list.end(), part->begin(), part->end());
    return list;
  }

  std::vector<Tensor> sgd(const SgdUpdateOptions& options, bool is_first) {
    std::vector<SgdUpdate> updates;
    for (std::size_t i = 0; i < parameter.size(); ++i)
      updates.push_back({&parameter[i], &grad[i], options.momentum == 0 ? nullptr : &first[i], is_first});
    sgd_update(updates, options);
    return all();
  }
  std::vector<Tensor> adam(const AdamUpdateOptions& options) {
    std::vector<AdamUpdate> updates;
    std::vector<Tensor> steps;
    for (std::size_t i = 0; i < parameter.size(); ++i) steps.push_back(step.clone());
    for (std::size_t i = 0; i < parameter.size(); ++i)
      updates.push_back(
          {&parameter[i], &grad[i], &first[i], &second[i], options.amsgrad ? &largest[i] : nullptr, &steps[i]});
    adam_update(updates, options);
    return all();
  }
  std::vector<Tensor> rmsprop(const RmspropUpdateOptions& options) {
    std::vector<RmspropUpdate> updates;
    std::vector<Tensor> steps;
    for (std::size_t i = 0; i < parameter.size(); ++i) steps.push_back(step.clone());
    for (std::size_t i = 0; i < parameter.size(); ++i)
      updates.push_back({&parameter[i], &grad[i], &second[i], options.momentum > 0 ? &largest[i] : nullptr,
                         options.centered ? &mean[i] : nullptr, &steps[i]});
    rmsprop_update(updates, options);
    return all();
  }
  std::vector<Tensor> adagrad(const AdagradUpdateOptions& options) {
    std::vector<AdagradUpdate> updates;
    std::vector<Tensor> steps;
    for (std::size_t i = 0; i < parameter.size(); ++i) steps.push_back(step.clone());
    for (std::size_t i = 0; i < parameter.size(); ++i)
      updates.push_back({&parameter[i], &grad[i], &second[i], &steps[i]});
    adagrad_update(updates, options);
    return all();
  }
};

void compare_updates(Comparison& comparison) {
  const auto compare_update = [&](DType dtype, auto&& update) {
    Closeness allowed;
    Parameters there(dtype, dtype, comparison.device()), here(dtype, reference_dtype(dtype), {});
    const std::vector<Tensor> found = comparison.run([&] { return update(there); }, allowed), expected = update(here);
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(i);
      CHECK(difference(found[i], expected[i].to(dtype), allowed) == "");
    }
  };
  for (const DType dtype : comparison.dtypes()) {
    for (const double momentum : {0.0, 0.9}) {
      for (const bool nesterov : {false, true}) {
        for (const bool first : {false, true}) {
          CAPTURE(name(dtype), momentum, nesterov, first);
          const SgdUpdateOptions options{0.1, momentum, nesterov ? 0 : 0.25, first ? 0 : 0.1, nesterov, !first};
          compare_update(dtype, [&](Parameters& parameters) { return parameters.sgd(options, first); });
        }
      }
    }
    for (const bool amsgrad : {false, true}) {
      for (const bool decoupled : {false, true}) {
        CAPTURE(name(dtype), amsgrad, decoupled);
        const AdamUpdateOptions options{0.01, 0.9, 0.99, 1e-6, amsgrad ? 0.1 : 0, amsgrad, decoupled, decoupled};
        compare_update(dtype, [&](Parameters& parameters) { return parameters.adam(options); });
      }
    }
    for (const bool centered : {false, true}) {
      for (const double momentum : {0.0, 0.9}) {
        CAPTURE(name(dtype), centered, momentum);
        const RmspropUpdateOptions options{0.01, 0.9, 1e-2, centered ? 0.1 : 0, momentum, centered, momentum > 0};
        compare_update(dtype, [&](Parameters& parameters) { return parameters.rmsprop(options); });
      }
    }
    for (const bool maximize : {false, true}) {
      CAPTURE(name(dtype), maximize);
      const AdagradUpdateOptions options{0.1, 0.5, 1e-6, maximize ? 0.1 : 0, maximize};
      compare_update(dtype, [&](Parameters& parameters) { return parameters.adagrad(options); });
    }
  }
}

}  // namespace

TEST_CASE("every operation gives on a device what it gives on the CPU, in every dtype and layout", "[device]") {
  const Device device = GENERATE(from_range(devices()));
  CAPTURE(device);
  Comparison comparison(device);
  CHECK_FALSE(comparison.left_out().empty());  // or the check at the end could not fail
  compare_floats(comparison);
  compare_whole_numbers(comparison);
  compare_conversions(comparison);
  compare_gathers(comparison);
  compare_updates(comparison);
  CHECK(comparison.left_out() == std::vector<std::string>());
  CHECK(comparison.missing() == std::vector<std::string>());
}

TEMPLATE_TEST_CASE("functions give on a device what they give on the CPU at the ends of their range", "[device]", float,
                   double) {
  using Limits = std::numeric_limits<TestType>;
  const Tensor x =
      tensor<TestType>({0, -TestType(0), 1, -1, Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(),
                        Limits::max(), Limits::lowest(), Limits::min(), TestType(88.5), TestType(-87), TestType(709.5),
                        TestType(-708), TestType(1e-20), TestType(0.99999), TestType(1.00001), Limits::denorm_min()});
  const Tensor y = x.flatten().view({-1, 1});
  for (const Device device : devices()) {
    const auto compare = [&](const char* name, auto&& function) {
      CAPTURE(name, device);
      Closeness allowed;
      const Tensor found = Comparison(device).run([&] { return function(x.to(device), y.to(device)); }, allowed);
      CHECK(difference(found, function(x, y), allowed) == "");
    };
    for (const auto& [name, function] :
         std::initializer_list<std::pair<const char*, Tensor (*)(const Tensor&)>>{{"neg", neg},
                                                                                  {"abs", abs},
                                                                                  {"exp", exp},
                                                                                  {"log", log},
                                                                                  {"sqrt", sqrt},
                                                                                  {"rsqrt", rsqrt},
                                                                                  {"tanh", tanh},
                                                                                  {"sigmoid", sigmoid},
                                                                                  {"erf", erf},
                                                                                  {"relu", relu},
                                                                                  {"argmax", argmax},
                                                                                  {"argmin", argmin},
                                                                                  {"max", max},
                                                                                  {"min", min},
                                                                                  {"logical_not", logical_not}})
      compare(name, [f = function](const Tensor& a, const Tensor&) { return f(a); });
    for (const auto& [name, function] :
         std::initializer_list<std::pair<const char*, Tensor (*)(const Tensor&, const Tensor&)>>{
             {"add", add},
             {"sub", sub},
             {"mul", mul},
             {"div", div},
             {"pow", pow},
             {"maximum", maximum},
             {"minimum", minimum},
             {"eq", eq},
             {"ne", ne},
             {"lt", lt},
             {"le", le},
             {"gt", gt},
             {"ge", ge},
             {"logical_and", logical_and},
             {"logical_or", logical_or},
             {"logical_xor", logical_xor}})
      compare(name, function);
    compare("clamp", [](const Tensor& a, const Tensor& b) { return clamp(a, b, -b); });
    compare("argmax without NaN", [](const Tensor& a, const Tensor&) { return argmax(a.narrow(0, 0, 6), 0); });
    compare("argmin without NaN", [](const Tensor& a, const Tensor&) { return argmin(a.narrow(0, 0, 6), 0); });
  }
}

TEST_CASE("a number beside 16-bit floats keeps its digits in arithmetic, and is rounded to be compared, as in PyTorch",
          "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = full({3}, 3000, {.dtype = DType::float16, .device = device});
  CHECK(numbers<float>(x * 1.0004)[0] == 3002);  // 1.0004 would be 1
  CHECK(numbers<float>(1.0004 * x)[0] == 3002);
  const Tensor tenth = full({3}, 0.1, {.dtype = DType::bfloat16, .device = device});  // 0.1001
  CHECK_FALSE(numbers<bool>(tenth > 0.1)[0]);
  CHECK(numbers<bool>(tenth == 0.1)[0]);
  CHECK(numbers<bool>(clamp(tenth, 0.1) == tenth)[0]);
}

TEST_CASE("what 16-bit floats are added up to by an index is rounded once", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor sums = full({2}, 2048, {.dtype = DType::float16, .device = device}), terms = ones_like(sums).expand({2});
  for (int i = 0; i < 2; ++i) sums.scatter_add_(0, zeros({2}, {.dtype = DType::int64, .device = device}), terms);
  CHECK(numbers<float>(sums) == std::vector<float>{2052, 2048});  // one by one, 2048 + 1 would stay 2048
}

TEST_CASE("work queued on a device is seen in order by everything that follows it", "[device]") {
  for (const Device device : devices()) {
    const Tensor x = zeros({1000}, {.device = device});
    for (int i = 0; i < 50; ++i) {
      const Tensor temporary = full({1000}, i, {.device = device});  // freed while work on it may still be queued
      x.add_(temporary);
    }
    CHECK(x[999].item() == 49 * 50 / 2);
    synchronize(device);
    CHECK(numbers<float>(x).front() == 49 * 50 / 2);
  }
}

TEST_CASE("a million elements and more cross to a device and back, in every direction", "[device]") {
  const Tensor here = rand({3, 1 << 20}, {}, Generator(3));
  for (const Device device : devices()) {
    CAPTURE(device);
    const Tensor there = here.to(device), other = there.to(another_device(device));
    CHECK(bytes_of(there) == bytes_of(here));
    CHECK(bytes_of(other) == bytes_of(here));
    CHECK(bytes_of(other.to(device)) == bytes_of(here));
    CHECK(bytes_of(there.t()) == bytes_of(here.t()));
    const Tensor half = zeros({1 << 20, 3}, {.dtype = DType::bfloat16, .device = device});
    half.copy_(here.t());
    CHECK(bytes_of(half) == bytes_of(here.t().to(DType::bfloat16)));
    const Tensor odd = here.flatten().narrow(0, 1, (1 << 21) + 3);  // begins at an odd address, ends at an odd one
    CHECK(bytes_of(odd.to(device)) == bytes_of(odd));
    CHECK(bytes_of(there.flatten().narrow(0, 1, (1 << 21) + 3)) == bytes_of(odd));
  }
}
