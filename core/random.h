// Tensors of random numbers, the same as PyTorch's on the CPU for the same seed.
//
// What ends in an underscore draws into a tensor that is there; the others make one. All numbers of a call come from
// its generator, or from the process's (generator.h). Shapes and dtypes are PyTorch's, and so are the errors; where
// dtypes are not named, they are float32, float64, float16 and bfloat16. docs/random.md says which numbers are
// PyTorch's bit for bit, and what devices with a generator of their own do.
#pragma once

#include <cstdint>
#include <optional>

#include <cairn/core/generator.h>
#include <cairn/core/tensor.h>

namespace cairn {

// Uniform: every number of [from, to) alike. Throws ValueError unless from <= to and both fit the dtype.
Tensor rand(const Shape& shape, const TensorOptions& options = {}, const OptionalGenerator& generator = {});
Tensor rand_like(const Tensor& like, const OptionalGenerator& generator = {});
const Tensor& uniform_(const Tensor& tensor, double from = 0, double to = 1, const OptionalGenerator& generator = {});

// Normal, of this mean and standard deviation. Throws ValueError for a negative one.
Tensor randn(const Shape& shape, const TensorOptions& options = {}, const OptionalGenerator& generator = {});
Tensor randn_like(const Tensor& like, const OptionalGenerator& generator = {});
const Tensor& normal_(const Tensor& tensor, double mean = 0, double std = 1, const OptionalGenerator& generator = {});

// Whole numbers of [low, high), in any dtype of real numbers that holds them; bool holds 0 and 1. Throws ValueError for
// an empty range, and for one that does not fit the dtype.
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, const TensorOptions& options,
               const OptionalGenerator& generator = {});
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape,
               const OptionalGenerator& generator = {});  ///< int64
Tensor randint(std::int64_t high, const Shape& shape, const TensorOptions& options,
               const OptionalGenerator& generator = {});  ///< From 0.
Tensor randint(std::int64_t high, const Shape& shape, const OptionalGenerator& generator = {});
Tensor randint_like(const Tensor& like, std::int64_t low, std::int64_t high, const OptionalGenerator& generator = {});
const Tensor& random_(const Tensor& tensor, std::int64_t low, std::optional<std::int64_t> high,
                      const OptionalGenerator& generator = {});  ///< Without `high`: up to the dtype's largest number.
/// From 0 to the dtype's largest number; to 2^24, 2^53, 2^11 or 2^8 for the floating-point types, all exact.
const Tensor& random_(const Tensor& tensor, const OptionalGenerator& generator = {});

/// 0 to n - 1 in random order. Throws ShapeError for a negative n, ValueError where the dtype cannot count to n - 1.
Tensor randperm(std::int64_t n, const TensorOptions& options, const OptionalGenerator& generator = {});
Tensor randperm(std::int64_t n, const OptionalGenerator& generator = {});  ///< int64

// 1 with probability p, else 0, in any dtype of real numbers. p is one number, or a tensor of real numbers that
// broadcasts to the result; each must lie in [0, 1], else ValueError.
Tensor bernoulli(const Tensor& p, const OptionalGenerator& generator = {});
const Tensor& bernoulli_(const Tensor& tensor, double p = 0.5, const OptionalGenerator& generator = {});
const Tensor& bernoulli_(const Tensor& tensor, const Tensor& p, const OptionalGenerator& generator = {});

/// In training, every number of x becomes 0 with probability p, and the others grow by 1 / (1 - p), so that their sum
/// stays what it was on average (Srivastava et al., "Dropout", 2014); otherwise x itself. Gradients pass where numbers
/// did. Throws ValueError unless p is in [0, 1], and DTypeError for whole numbers.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true, const OptionalGenerator& generator = {});
const Tensor& dropout_(const Tensor& x, double p = 0.5, bool training = true, const OptionalGenerator& generator = {});

}  // namespace cairn
