// Ones with a probability, else zeros: a number of [0, 1) is below p, or not. Dropout multiplies by such numbers.
//
// The number has 53 bits where p is a double, also one given for all elements, and 24 where p is a narrower float.

#include <cmath>

#include <cairn/core/convert.h>
#include <cairn/core/graph.h>
#include <cairn/core/number.h>
#include <cairn/core/ops.h>
#include <cairn/core/python_text.h>
#include <cairn/core/random/filling.h>
#include <cairn/core/uniform.h>

namespace cairn {
namespace {

void zero_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  gradients[0] = zeros(node.input_shape(0), {.dtype = gradient.dtype(), .device = gradient.device()});
}

/// The probabilities of a contiguous tensor on the host, as float or double.
template <class Wide>
std::span<const Wide> checked_probabilities(const Tensor& p) {
  const std::span<const Wide> probabilities = p.data<Wide>();
  for (const Wide probability : probabilities) {
    check<ValueError>(probability >= 0 && probability <= 1,
                      "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be "
                      "improved?  If so, please report an enhancement request to PyTorch.)");
  }
  return probabilities;
}

template <class Wide>
void fill_by_each(const Tensor& tensor, const Tensor& p, const OptionalGenerator& generator) {
  const std::span<const Wide> probabilities = checked_probabilities<Wide>(p);
  fill_drawn(NumberTypes{}, tensor, generator, [&]<class T>(T* numbers, std::int64_t count, Generator::Engine& engine) {
    using Fraction = Uniform<Wide>;
    for (std::int64_t i = 0; i < count; ++i) {
      const Wide number = Fraction::fraction(Fraction::digits > 32 ? engine.draw64() : engine.twister.draw());
      numbers[i] = converted<T>(std::int64_t{number < probabilities[static_cast<std::size_t>(i)]});
    }
  });
}

/// Numbers that are `one<T>()` with probability p, else 0.
template <class Types, class One>
void fill_by_one(Types types, const Tensor& tensor, double p, const OptionalGenerator& generator, const One& one) {
  const auto below = static_cast<std::uint64_t>(std::ceil(p * 0x1p53));  // fraction(bits) < p, asked of whole numbers
  fill_drawn(types, tensor, generator, [&]<class T>(T* numbers, std::int64_t count, Generator::Engine& engine) {
    const T zero{}, other = one.template operator()<T>();
    for (std::int64_t i = 0; i < count; ++i)
      numbers[i] = engine.draw64() % (std::uint64_t{1} << 53) < below ? other : zero;
  });
}

void check_filled(const Tensor& tensor, const char* kernel) {
  check<DTypeError>(tensor.numel() == 0 || is_one_of(tensor.dtype(), NumberTypes{}), "\"", kernel,
                    "\" not implemented for '", scalar_type_name(tensor.dtype()), "'");
}

}  // namespace

const Tensor& bernoulli_(const Tensor& tensor, double p, const OptionalGenerator& generator) {
  check_drawn_in_place(tensor);
  check<ValueError>(p >= 0 && p <= 1, "bernoulli_ expects p to be in [0, 1], but got p=", ShortNumber{p});
  check_filled(tensor, "bernoulli_scalar_cpu_");
  fill_by_one(NumberTypes{}, tensor, p, generator, []<class T>() { return converted<T>(std::int64_t{1}); });
  return tensor;
}

const Tensor& bernoulli_(const Tensor& tensor, const Tensor& p, const OptionalGenerator& generator) {
  check_drawn_in_place(tensor);
  if (tensor.numel() == 0) return tensor;
  check_filled(tensor, "bernoulli_tensor_cpu_self_");
  const Tensor given = p.detach();
  const Tensor expanded = given.shape() == tensor.shape() ? given : given.expand(tensor.shape());
  check<DTypeError>(is_one_of(p.dtype(), RealTypes{}), "\"bernoulli_tensor_cpu_p_\" not implemented for '",
                    scalar_type_name(p.dtype()), "'");
  if (tensor.device().is_meta()) return tensor;
  const DType wide = p.dtype() == DType::float64 ? DType::float64 : DType::float32;
  const Tensor ordered = expanded.permute(memory_order(tensor)).to(Device()).to(wide).contiguous();
  if (wide == DType::float64)
    fill_by_each<double>(tensor, ordered, generator);
  else
    fill_by_each<float>(tensor, ordered, generator);
  return tensor;
}

Tensor bernoulli(const Tensor& p, const OptionalGenerator& generator) {
  Tensor made = empty_in_layout_of(p);
  bernoulli_(made, p, generator);
  record(made, "BernoulliBackward0", zero_gradient, {&p});
  return made;
}

namespace {

/// What dropout multiplies x with; undefined where it leaves x alone.
Tensor dropout_mask(const Tensor& x, double p, bool training, const OptionalGenerator& generator) {
  check<ValueError>(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", python_float(p));
  if (p == 0 || !training || x.numel() == 0) return {};
  if (p == 1) return zeros({}, {.dtype = x.dtype(), .device = x.device()});
  check<DTypeError>(is_one_of(x.dtype(), RealTypes{}), "result type Float can't be cast to the desired output type ",
                    scalar_type_name(x.dtype()));
  Tensor mask = empty_in_layout_of(x);
  fill_by_one(RealTypes{}, mask, 1 - p, generator, [&]<class T>() {
    using Wide = Computed<T>;
    return static_cast<T>(1 / static_cast<Wide>(1 - p));
  });
  return mask;
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, const OptionalGenerator& generator) {
  const Tensor mask = dropout_mask(x, p, training, generator);
  return mask.defined() ? mul(x, mask) : x;
}

const Tensor& dropout_(const Tensor& x, double p, bool training, const OptionalGenerator& generator) {
  const Tensor mask = dropout_mask(x, p, training, generator);
  return mask.defined() ? x.mul_(mask) : x;
}

}  // namespace cairn
