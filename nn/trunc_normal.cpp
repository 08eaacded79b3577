// Normal numbers of a range (init.h). Those outside are replaced by others, from a whole tensor of new ones each time.
//
// Where the range lies in a tail, that would take for ever. There evenly distributed numbers of the range are drawn,
// and x is taken with the probability density(x) / density(the most probable number of the range): when the logarithm
// of another number, of [0, 1), is not above that of the quotient, which is computed in the tensor's dtype.

#include <algorithm>
#include <cmath>
#include <vector>

#include <cairn/core/number.h>
#include <cairn/core/random/double_functions.h>
#include <cairn/core/random/filling.h>
#include <cairn/nn/init.h>

namespace cairn::nn::init {
namespace {

std::vector<double> numbers_of(const Tensor& tensor) {
  const Tensor here = tensor.to(Device()).to(DType::float64).contiguous();
  const std::span<const double> numbers = here.data<double>();
  return {numbers.begin(), numbers.end()};
}

template <class T>
double rounded(double number) {
  return static_cast<double>(static_cast<Computed<T>>(static_cast<T>(static_cast<Computed<T>>(number))));
}

template <class T>
std::vector<double> draw_until_inside(const Tensor& target, double mean, double std, double a, double b,
                                      const OptionalGenerator& generator) {
  const auto outside = [low = rounded<T>(a), high = rounded<T>(b)](double number) {
    return number < low || number > high;
  };
  std::vector<double> numbers = numbers_of(cairn::normal_(target, mean, std, generator));
  while (std::any_of(numbers.begin(), numbers.end(), outside)) {
    const std::vector<double> others = numbers_of(cairn::normal_(empty_in_layout_of(target), mean, std, generator));
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (outside(numbers[i])) numbers[i] = others[i];
  }
  return numbers;
}

template <class T>
std::vector<double> draw_until_taken(const Tensor& target, double mean, double std, double a, double b,
                                     const OptionalGenerator& generator) {
  const auto exponent = [&](double x) { return -0.5 * (((x - mean) / std) * ((x - mean) / std)); };
  const double highest = exponent(std::max(a, std::min(mean, b)));
  using Wide = Computed<T>;
  const auto step = [](Wide number) { return static_cast<Wide>(static_cast<T>(number)); };
  const auto log_density = [&](double number) {
    Wide x = step(static_cast<Wide>(number) - static_cast<Wide>(mean));
    x = step(x / static_cast<Wide>(std));
    x = step(step(x * x) * Wide(-0.5));
    return step(x - static_cast<Wide>(highest));
  };
  std::vector<double> numbers(static_cast<std::size_t>(target.numel()));
  std::vector<bool> pending(numbers.size(), true);
  while (std::find(pending.begin(), pending.end(), true) != pending.end()) {
    const std::vector<double> drawn = numbers_of(cairn::uniform_(empty_in_layout_of(target), a, b, generator));
    const std::vector<double> deciding = numbers_of(cairn::uniform_(empty_in_layout_of(target), 0, 1, generator));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (!pending[i]) continue;
      numbers[i] = drawn[i];
      pending[i] = deciding[i] != 0 && rounded<T>(logarithm(deciding[i])) > log_density(drawn[i]);
    }
  }
  return numbers;
}

}  // namespace

const Tensor& trunc_normal_(const Tensor& tensor, double mean, double std, double a, double b,
                            const OptionalGenerator& generator) {
  if (tensor.device().is_meta()) return tensor;
  const auto part_below = [&](double x) { return (1 + std::erf((x - mean) / std / std::sqrt(2.0))) / 2; };
  const bool in_a_tail = !(part_below(b) - part_below(a) > 0.3);
  const Tensor target = tensor.detach();
  check<DTypeError>(is_one_of(target.dtype(), RealTypes{}), "\"normal_kernel_cpu\" not implemented for '",
                    scalar_type_name(target.dtype()), "'");
  for_each_type(RealTypes{}, [&]<class T>() {
    if (dtype_of<T> != target.dtype()) return;
    const std::vector<double> numbers =
        (in_a_tail ? draw_until_taken<T> : draw_until_inside<T>)(target, mean, std, a, b, generator);
    target.copy_(from_data(std::span<const double>(numbers), target.shape()));
  });
  return tensor;
}

}  // namespace cairn::nn::init
