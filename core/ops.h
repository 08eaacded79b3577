// Functions of tensors, each with its gradient.
//
// Operands broadcast and promote as in PyTorch; all must be on one device, but that a scalar on the CPU may stand
// beside any. Errors are PyTorch's texts. Every function works on every backend and returns a new tensor; those that
// change one in place are members of Tensor. float16 and bfloat16 are computed with as float32 and rounded once; whole
// numbers wrap around.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cairn/core/tensor.h>

namespace cairn {

// Elementwise, one input of any shape. Whole numbers stay whole in neg, abs and relu; elsewhere they give float32.
Tensor neg(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);  ///< 1 / sqrt(x)
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);  ///< 1 / (1 + exp(-x))
Tensor erf(const Tensor& x);      ///< The error function.
Tensor relu(const Tensor& x);

// Of floating-point numbers only.
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);  ///< Negative numbers times the slope.
enum class GeluApproximate : std::uint8_t { none, tanh };
Tensor gelu(const Tensor& x,
            GeluApproximate approximate = GeluApproximate::none);  ///< x Φ(x), Φ the normal distribution.

// Elementwise, two inputs.
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);  ///< True division: integers give float32.
Tensor pow(const Tensor& base, const Tensor& exponent);
Tensor pow(const Tensor& base, Scalar exponent);  ///< Throws ValueError for a negative power of integers.
Tensor pow(Scalar base, const Tensor& exponent);
Tensor maximum(const Tensor& a, const Tensor& b);  ///< NaN where either is.
Tensor minimum(const Tensor& a, const Tensor& b);

Tensor operator-(const Tensor& x);
Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator+(const Tensor& a, Scalar b);
Tensor operator-(const Tensor& a, Scalar b);
Tensor operator*(const Tensor& a, Scalar b);
Tensor operator/(const Tensor& a, Scalar b);
Tensor operator+(Scalar a, const Tensor& b);
Tensor operator-(Scalar a, const Tensor& b);
Tensor operator*(Scalar a, const Tensor& b);
Tensor operator/(Scalar a, const Tensor& b);

// Comparisons, element by element: bool tensors, without gradient. Whether two handles name one tensor: a.is_same(b).
Tensor eq(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Tensor& b);
Tensor eq(const Tensor& a, Scalar b);
Tensor ne(const Tensor& a, Scalar b);
Tensor lt(const Tensor& a, Scalar b);
Tensor le(const Tensor& a, Scalar b);
Tensor gt(const Tensor& a, Scalar b);
Tensor ge(const Tensor& a, Scalar b);

Tensor operator==(const Tensor& a, const Tensor& b);
Tensor operator!=(const Tensor& a, const Tensor& b);
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, const Tensor& b);
Tensor operator==(const Tensor& a, Scalar b);
Tensor operator!=(const Tensor& a, Scalar b);
Tensor operator<(const Tensor& a, Scalar b);
Tensor operator<=(const Tensor& a, Scalar b);
Tensor operator>(const Tensor& a, Scalar b);
Tensor operator>=(const Tensor& a, Scalar b);

// Of numbers of any kind; what is not 0 is true, NaN included.
Tensor logical_not(const Tensor& x);
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);

// Choosing. A condition, or mask, is bool.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);  ///< a where it holds, else b.
Tensor where(const Tensor& condition, const Tensor& a, Scalar b);
Tensor where(const Tensor& condition, Scalar a, const Tensor& b);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value);  ///< `value` has no dimensions.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);
Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max = {});
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max = {});  ///< Either may be undefined.

// Reductions over the dimensions given; none given means all. The dimensions go, or with `keepdim` become 1.
Tensor sum(const Tensor& x, const Shape& dims = {}, bool keepdim = false);  ///< Integers and bool give int64.
Tensor mean(const Tensor& x, const Shape& dims = {}, bool keepdim = false);
Tensor amax(const Tensor& x, const Shape& dims = {}, bool keepdim = false);  ///< Gradient in equal parts among equals.
Tensor amin(const Tensor& x, const Shape& dims = {}, bool keepdim = false);
Tensor all(const Tensor& x, const Shape& dims = {}, bool keepdim = false);  ///< bool; true of no elements.
Tensor any(const Tensor& x, const Shape& dims = {}, bool keepdim = false);  ///< bool; false of no elements.

/// Σ (x - mean)² / (n - correction), and its root. NaN where n is 0, and of one number with the usual correction.
Tensor var(const Tensor& x, const Shape& dims = {}, double correction = 1, bool keepdim = false);
Tensor std(const Tensor& x, const Shape& dims = {}, double correction = 1, bool keepdim = false);

/// (Σ |x|^p)^(1/p): p = 2 is the length, infinity the largest magnitude, 0 the number of those that are not 0.
Tensor norm(const Tensor& x, double p = 2, const Shape& dims = {}, bool keepdim = false);
Tensor logsumexp(const Tensor& x, const Shape& dims, bool keepdim = false);  ///< log Σ exp(x), without overflow.

struct ValuesAndIndices {
  Tensor values, indices;
};
Tensor max(const Tensor& x);  ///< Of all elements; NaN where there is one.
Tensor min(const Tensor& x);
ValuesAndIndices max(const Tensor& x, int dim, bool keepdim = false);  ///< Gradient to the place that was found.
ValuesAndIndices min(const Tensor& x, int dim, bool keepdim = false);
Tensor argmax(const Tensor& x);  ///< The first of equals, counted row by row; no gradient. NaN counts as the largest.
Tensor argmin(const Tensor& x);
Tensor argmax(const Tensor& x, int dim, bool keepdim = false);
Tensor argmin(const Tensor& x, int dim, bool keepdim = false);

// Joining; cutting is Tensor's (split, chunk, narrow, slice, select). A vector of no elements joins with any shape.
Tensor cat(std::span<const Tensor> tensors, int dim = 0);
Tensor stack(std::span<const Tensor> tensors, int dim = 0);
inline Tensor cat(std::initializer_list<Tensor> tensors, int dim = 0) {
  return cat(std::span<const Tensor>(tensors.begin(), tensors.size()), dim);
}
inline Tensor stack(std::initializer_list<Tensor> tensors, int dim = 0) {
  return stack(std::span<const Tensor>(tensors.begin(), tensors.size()), dim);
}

// Indexing along a dimension. An index is int64 (or int32) and counts from 0; what is out of range throws IndexError,
// before anything is written, where the host can look, and is reported later by a device that works by itself.
/// y[.., i, ..] = x[.., index[.., i, ..], ..]: the result has the index's shape, which may be smaller than x's.
Tensor gather(const Tensor& x, int dim, const Tensor& index);
/// x, with y[.., index[.., i, ..], ..] += source[.., i, ..]; equal places are added in the order of `dim`.
Tensor scatter_add(const Tensor& x, int dim, const Tensor& index, const Tensor& source);
Tensor index_select(const Tensor& x, int dim, const Tensor& index);  ///< index [n]: n slices of x, in that order.
/// int64 [..., classes]: 1 at the class, else 0. Without a number of classes, as many as the largest asks for.
Tensor one_hot(const Tensor& classes, std::int64_t num_classes = -1);

/// a [..., m, k] by b [..., k, n]: batches broadcast; a vector stands for a matrix of one row (left) or column (right).
Tensor matmul(const Tensor& a, const Tensor& b);

/// x weightᵀ + bias: x [..., in], weight [out, in], bias [out] or undefined, result [..., out].
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

// exp(x) / Σ exp(x) over one dimension, which makes probabilities of any numbers, and its logarithm.
Tensor softmax(const Tensor& x, int dim);
Tensor log_softmax(const Tensor& x, int dim);

enum class Reduction : std::uint8_t { none, mean, sum };

struct CrossEntropyOptions {
  Tensor weight = {};                ///< One factor for each class, or undefined.
  std::int64_t ignore_index = -100;  ///< Targets of this value count for nothing.
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;
};

/// -log softmax(input)[target]: input [n, classes, ...] or [classes], target int64 (or uint8) [n, ...] or a scalar.
Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options = {});

struct NllOptions {
  Tensor weight = {};                ///< One factor for each class, or undefined.
  std::int64_t ignore_index = -100;  ///< Targets of this value count for nothing.
  Reduction reduction = Reduction::mean;
};

/// -input[target], of log-probabilities as log_softmax gives them; shapes as for cross_entropy.
Tensor nll_loss(const Tensor& input, const Tensor& target, const NllOptions& options = {});

// Losses element by element. Input and target broadcast.
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);
/// d² / 2 beta where |d|, the difference, is below beta, else |d| - beta / 2. Throws ValueError for a negative beta.
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean,
                      double beta = 1);

struct BinaryCrossEntropyOptions {
  Tensor weight = {};  ///< One factor for each element, broadcast, or undefined.
  Reduction reduction = Reduction::mean;
};
struct BinaryCrossEntropyWithLogitsOptions {
  Tensor weight = {};  ///< Likewise.
  Reduction reduction = Reduction::mean;
  Tensor pos_weight = {};  ///< By how much more a positive answer counts, broadcast, or undefined.
};

/// -target log input - (1 - target) log(1 - input), each logarithm at least -100; of one shape and dtype. Both lie
/// between 0 and 1, else ValueError where the host can look; elsewhere the logarithm of a negative number is NaN.
Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const BinaryCrossEntropyOptions& options = {});
/// The same of sigmoid(input), for input of any size.
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsOptions& options = {});

/// Rows of weight [rows, width], by number: indices of any shape, int64 or int32 -> [indices..., width]. What is out of
/// range is an IndexError, as for gather. Row padding_idx, which may count from the end, gets no gradient.
Tensor embedding(const Tensor& indices, const Tensor& weight, std::optional<std::int64_t> padding_idx = {});

/// (x - mean) / sqrt(variance + eps) * weight + bias over every dimension but the second of x [n, channels, ...].
/// In training the batch's own statistics are used, and the running ones, if given, move by `momentum` towards them;
/// otherwise the running ones are used (Ioffe and Szegedy, "Batch Normalization", 2015, algorithms 1 and 2).
Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                  const Tensor& bias, bool training, double momentum, double eps);

// Images: x [n, channels, height, width], or one without n.

/// A number for height and width: `2` for both, or `{2, 3}`.
struct Size2d {
  std::int64_t height, width;
  bool is_one;  ///< Given as one number, and printed as one.

  Size2d(std::int64_t both) : height(both), width(both), is_one(true) {}
  Size2d(std::int64_t height, std::int64_t width) : height(height), width(width), is_one(false) {}
};

/// How many zeros there are around an image: numbers, or PyTorch's "same" (as many as keep the size) or "valid" (none).
struct Padding2d : Size2d {
  std::string name = {};  ///< Empty for numbers.

  using Size2d::Size2d;
  Padding2d(Size2d size) : Size2d(size) {}
  Padding2d(const std::string& name) : Size2d(0), name(name) {}
  template <std::size_t size>
  Padding2d(const char (&name)[size]) : Padding2d(std::string(name)) {}
};

struct ConvolutionOptions {
  Size2d stride = 1;
  Padding2d padding = 0;
  Size2d dilation = 1;      ///< How far apart the numbers lie that neighbouring weights see.
  std::int64_t groups = 1;  ///< Channels are divided into so many groups, each of which sees its own inputs only.
};

/// y[n, o, i, j] = bias[o] + sum of weight[o, c, p, q] x[n, c, i stride + p dilation - padding, ...] over c, p and q:
/// weight [out, in / groups, kernel height, kernel width], bias [out] or undefined.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const ConvolutionOptions& options = {});

struct MaxPoolingOptions {
  std::optional<Size2d> stride = {};  ///< The kernel's size if none is given.
  Size2d padding = 0;                 ///< With -infinity.
  Size2d dilation = 1;
  bool ceil_mode = false;  ///< Whether a window that begins inside may end outside.
};

/// The largest number of each window; NaN where there is one. `indices` [.., height, width], int64, say where in its
/// plane it lies, counted row by row.
Tensor max_pool2d(const Tensor& x, const Size2d& kernel, const MaxPoolingOptions& options = {});
ValuesAndIndices max_pool2d_with_indices(const Tensor& x, const Size2d& kernel, const MaxPoolingOptions& options = {});

struct AveragePoolingOptions {
  std::optional<Size2d> stride = {};  ///< The kernel's size if none is given.
  Size2d padding = 0;                 ///< With zeros.
  bool ceil_mode = false;
  bool count_include_pad = true;                      ///< Whether the zeros count in the mean.
  std::optional<std::int64_t> divisor_override = {};  ///< What to divide by instead of the window's size.
};

/// The mean of each window.
Tensor avg_pool2d(const Tensor& x, const Size2d& kernel, const AveragePoolingOptions& options = {});

/// The means of height x width windows that share the image among them.
Tensor adaptive_avg_pool2d(const Tensor& x, const Size2d& output_size);

/// (x - mean) / sqrt(variance + eps) * weight + bias over the last dimensions of x, which are `normalized_shape`, as
/// are weight and bias or they are undefined (Ba et al., "Layer Normalization", 2016).
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

}  // namespace cairn
