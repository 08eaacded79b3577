// Reductions made of others: var and std, norm, logsumexp. Each is one node of the graph with a gradient of its own.
// Small floats are computed with as float32 from end to end, and rounded once.

#include <cmath>
#include <limits>

#include <cairn/core/autograd.h>
#include <cairn/core/operations/promotion.h>
#include <cairn/core/operations/reduced_dims.h>
#include <cairn/core/python_text.h>

namespace cairn {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// x outside the graph, in float32 at least.
Tensor wide(const Tensor& x) {
  const DType dtype = x.dtype();
  return dtype == DType::float16 || dtype == DType::bfloat16 ? x.detach().to(DType::float32) : x.detach();
}

/// The dimensions by number, where none given means all: what reductions take.
Shape listed(ReducedDims dims, int rank) {
  Shape list;
  for (int d = 0; d < rank; ++d)
    if (dims >> d & 1) list.push_back(d);
  return list;
}

/// Sums over the dimensions, which are kept as 1; over none, x itself.
Tensor kept_sum(const Tensor& x, ReducedDims dims) {
  const Shape list = listed(dims, x.dim());
  return list.empty() ? x : sum(x, list, true);
}
Tensor kept_max(const Tensor& x, ReducedDims dims) {
  const Shape list = listed(dims, x.dim());
  return list.empty() ? x : amax(x, list, true);
}

/// The result without the kept dimensions, unless they are wanted, in the dtype of the operand.
Tensor finished(const Tensor& kept, const Tensor& x, ReducedDims dims, bool keepdim) {
  return (keepdim ? kept : kept.reshape(reduced_shape(x.shape(), dims, false))).to(x.dtype());
}

template <class Attributes>
Tensor record_reduction(Tensor y, const char* node_name, GradientFunction gradient, const Tensor& x,
                        const Attributes& attributes) {
  if (Node* node = record(y, node_name, gradient, {&x})) {
    node->save(x);
    node->save_output(y);
    node->set_attributes(attributes);
  }
  return y;
}

// Variance: Σ (x - mean)² / (n - correction).

/// x less its mean. The first number is taken out first, so that equal numbers deviate by exactly 0.
Tensor deviations(const Tensor& x, ReducedDims dims) {
  if (x.numel() == 0) return x;
  Tensor first = x;
  for (int d = 0; d < x.dim(); ++d)
    if (dims >> d & 1) first = first.narrow(d, 0, 1);
  const Tensor shifted = x - first;
  return shifted - kept_sum(shifted, dims) / static_cast<double>(reduced_count(x, dims));
}

/// Attributes of the node.
struct Spread {
  ReducedDims dims;
  double correction;
  bool of_all;  ///< Where no dimensions were named; then too few numbers have no slope, rather than one of some sign.
};

Tensor kept_var(const Tensor& x, ReducedDims dims, double correction) {
  const Tensor deviation = deviations(x, dims);
  const double freedom = static_cast<double>(reduced_count(x, dims)) - correction;
  return kept_sum(deviation * deviation, dims) / std::max(freedom, 0.0);
}

/// d var / dx = 2 (x - mean) / (n - correction)
Tensor var_slope(const Tensor& x, const Spread& spread) {
  const double freedom = static_cast<double>(reduced_count(x, spread.dims)) - spread.correction;
  const Tensor deviation = x - kept_sum(x, spread.dims) / static_cast<double>(reduced_count(x, spread.dims));
  return spread.of_all && freedom <= 0 ? masked_fill(abs(deviation) * infinity, deviation == 0, NAN)
                                       : deviation * (2 / freedom);
}

void var_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const auto spread = node.attributes<Spread>();
  const Tensor x = wide(node.saved(0));
  gradients[0] = with_kept_dims(g, x.shape(), spread.dims) * var_slope(x, spread);
}

/// d std = d var / (2 std), and 0 where std is.
void std_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const auto spread = node.attributes<Spread>();
  const Tensor x = wide(node.saved(0)), y = wide(node.saved(1));
  const Tensor per_variance = masked_fill(g / (y * 2), y == 0, 0);
  gradients[0] = with_kept_dims(per_variance, x.shape(), spread.dims) * var_slope(x, spread);
}

Tensor variance(const char* node_name, GradientFunction gradient, const Tensor& x, const Shape& given,
                double correction, bool keepdim, bool root) {
  check<DTypeError>(!is_whole_number(x.dtype()), "std and var only support floating point and complex dtypes");
  const ReducedDims dims = reduced_dims(x, given);
  Tensor kept;
  {
    const NoGrad no_grad;
    kept = kept_var(wide(x), dims, correction);
    if (root) kept = sqrt(kept);
    kept = finished(kept, x, dims, keepdim);
  }
  return record_reduction(kept, node_name, gradient, x, Spread{dims, correction, given.empty() || x.dim() == 0});
}

// Norms: (Σ |x|^p)^(1/p).

Tensor kept_norm(const Tensor& x, ReducedDims dims, double p) {
  if (p == 2) return sqrt(kept_sum(x * x, dims));
  const Tensor magnitude = abs(x);
  if (p == 1) return kept_sum(magnitude, dims);
  if (p == infinity) return kept_max(magnitude, dims);
  if (p == -infinity) return -kept_max(-magnitude, dims);
  if (p == 0) return kept_sum(ne(x, 0).to(x.dtype()), dims);
  return pow(kept_sum(pow(magnitude, p), dims), 1 / p);
}

/// x / |x|, and 0 where x is.
Tensor sign(const Tensor& x) { return (gt(x, 0).to(x.dtype()) - lt(x, 0).to(x.dtype())); }

/// Of no numbers there is no largest, and no smallest.
void check_norm_has_identity(const Tensor& x, double p, const Shape& given) {
  const std::string which = stream_float(p);
  check<IndexError>(!given.empty(), "linalg.vector_norm cannot compute the ", which,
                    " norm on an empty tensor because the operation does not have an identity");
  for (const std::int64_t dim : given) {
    const int d = wrap_dim(dim, x.dim());  // the text without a space is PyTorch's
    check<IndexError>(x.shape()[d] > 0, "linalg.vector_norm cannot compute the ", which, " norm on the dimension ", d,
                      "because this dimension is empty and the operation does not have an identity");
  }
}

void norm_gradient(Node& node, const Tensor& given, Tensor* gradients) {
  const auto [dims, p] = node.attributes<Reduced>();
  const Tensor x = wide(node.saved(0)), norm = with_kept_dims(wide(node.saved(1)), x.shape(), dims);
  const Tensor g = with_kept_dims(given, x.shape(), dims);
  if (p == 0) {
    gradients[0] = zeros_like(x);
  } else if (p == 1) {
    gradients[0] = g * sign(x);
  } else if (p == 2) {
    gradients[0] = g * masked_fill(x / norm, norm == 0, 0);
  } else if (std::isinf(p)) {
    const Tensor reached = logical_or(abs(x) == norm, logical_and(x != x, norm != norm)).to(x.dtype());
    gradients[0] = sign(x) * reached * (g / kept_sum(reached, dims));
  } else {
    const Tensor powers = p < 2 ? masked_fill(sign(x) * pow(abs(x), p - 1), x == 0, 0) : x * pow(abs(x), p - 2);
    gradients[0] = powers * masked_fill(g / pow(norm, p - 1), norm == 0, 0);
  }
}

// log Σ exp x, the largest taken out first, so that nothing overflows.

void logsumexp_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const ReducedDims dims = node.attributes<Reduced>().dims;
  const Tensor x = wide(node.saved(0));
  const Tensor y = with_kept_dims(wide(node.saved(1)), x.shape(), dims);
  gradients[0] = with_kept_dims(g, x.shape(), dims) * exp(x - y);
}

}  // namespace

Tensor var(const Tensor& x, const Shape& dims, double correction, bool keepdim) {
  return variance("VarBackward0", var_gradient, x, dims, correction, keepdim, false);
}
Tensor std(const Tensor& x, const Shape& dims, double correction, bool keepdim) {
  return variance("StdBackward0", std_gradient, x, dims, correction, keepdim, true);
}

Tensor norm(const Tensor& x, double p, const Shape& given, bool keepdim) {
  check<DTypeError>(!is_whole_number(x.dtype()),
                    "linalg.vector_norm: Expected a floating point or complex tensor as input. Got ",
                    scalar_type_name(x.dtype()));
  const ReducedDims dims = reduced_dims(x, given);
  if (x.numel() == 0 && (p < 0 || p == infinity)) check_norm_has_identity(x, p, given);
  Tensor y;
  {
    const NoGrad no_grad;
    y = finished(kept_norm(wide(x), dims, p), x, dims, keepdim);
  }
  return record_reduction(y, "LinalgVectorNormBackward0", norm_gradient, x, Reduced{dims, p});
}

Tensor logsumexp(const Tensor& given, const Shape& over, bool keepdim) {
  const Tensor x = is_whole_number(given.dtype()) ? given.to(DType::float32) : given;
  const ReducedDims dims = reduced_dims(x, over);
  Tensor y;
  {
    const NoGrad no_grad;
    const Tensor numbers = wide(x);
    Tensor kept;
    if (reduced_count(x, dims) == 0) {
      kept = log(kept_sum(exp(numbers), dims));
    } else {
      const Tensor largest = kept_max(numbers, dims);
      const Tensor shift = masked_fill(largest, abs(largest) == infinity, 0);
      kept = log(kept_sum(exp(numbers - shift), dims)) + shift;
    }
    y = finished(kept, x, dims, keepdim);
  }
  return record_reduction(y, "LogsumexpBackward0", logsumexp_gradient, x, Reduced{dims, 0});
}

}  // namespace cairn
