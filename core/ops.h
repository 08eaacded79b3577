// Functions of tensors, each with its gradient.
//
// Operands broadcast and promote as in PyTorch; all must be on one device. Errors are PyTorch's texts. Every function
// works on every backend, computes in float32, float64 and (where that makes sense) int64, and returns a new tensor.
#pragma once

#include <cstdint>
#include <span>

#include <cairn/core/tensor.h>

namespace cairn {

// Elementwise, one input of any shape. neg and abs also take int64.
Tensor neg(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor relu(const Tensor& x);
Tensor sigmoid(const Tensor& x);

// Elementwise, two inputs.
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);  ///< True division: integers give float32.

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

// Reductions over the dimensions given; none given means all.
Tensor sum(const Tensor& x, const Shape& dims = {}, bool keepdim = false);  ///< Integers and bool give int64.
Tensor mean(const Tensor& x, const Shape& dims = {}, bool keepdim = false);
Tensor argmax(const Tensor& x, int dim, bool keepdim = false);  ///< The first of equals; no gradient.

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

/// -log softmax(input)[target]: input [n, classes] or [classes], target int64 [n] or a scalar.
Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options = {});

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);

/// (x - mean) / sqrt(variance + eps) * weight + bias over every dimension but the second of x [n, channels, ...].
/// In training the batch's own statistics are used, and the running ones, if given, move by `momentum` towards them;
/// otherwise the running ones are used (Ioffe and Szegedy, "Batch Normalization", 2015, algorithms 1 and 2).
Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                  const Tensor& bias, bool training, double momentum, double eps);

}  // namespace cairn
