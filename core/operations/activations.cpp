// Activations that are told a number beside their input.

#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

/// The slope as kernels take it: a scalar that keeps its digits beside small floats.
Tensor slope_beside(const Tensor& x, double slope) {
  const DType dtype = x.dtype() == DType::float64 ? DType::float64 : DType::float32;
  return full({}, slope, {.dtype = dtype, .device = x.device()});
}

constexpr const char* kernel_name = "leaky_relu_cpu";  // in PyTorch's texts

/// What was saved is x, or in place the result, which has the sign of x.
void leaky_relu_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &saved = node.saved(0), slope = slope_beside(g, node.attributes<double>());
  gradients[0] = make_tensor(g.shape(), g.dtype(), g.device());
  dispatch(Operation::leaky_relu_backward, g.dtype(), {&gradients[0], &g, &saved, &slope});
}

void refused_gradient(Node&, const Tensor&, Tensor*) {
  throw AutogradError(
      "In-place leakyReLu backward calculation is triggered with a negative slope which is not supported. This is "
      "caused by calling in-place forward function with a negative slope, please call out-of-place version instead.");
}

}  // namespace

Tensor leaky_relu(const Tensor& x, double negative_slope) {
  check_floating(x.dtype(), kernel_name);
  Tensor y = make_tensor(x.shape(), x.dtype(), x.device());
  const Tensor slope = slope_beside(x, negative_slope);
  dispatch(Operation::leaky_relu, x.dtype(), {&y, &x, &slope});
  if (Node* node = record(y, "LeakyReluBackward0", leaky_relu_gradient, {&x})) {
    node->save(x);
    node->set_attributes(negative_slope);
  }
  return y;
}

const Tensor& Tensor::leaky_relu_(double negative_slope) const {
  check_inplace(*this);
  check_floating(dtype(), kernel_name);
  const Tensor slope = slope_beside(*this, negative_slope);
  dispatch(Operation::leaky_relu, dtype(), {this, this, &slope});
  impl_->storage->bump_version();
  const GradientFunction gradient = negative_slope < 0 ? refused_gradient : leaky_relu_gradient;
  if (Node* node = record_inplace(*this, "LeakyReluBackward1", gradient, {this})) {
    node->save_output(*this);
    node->set_attributes(negative_slope);
  }
  return *this;
}

}  // namespace cairn
