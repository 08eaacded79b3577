// Batch normalisation: statistics over every dimension but the second.

#include <algorithm>

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

/// What arithmetic on such numbers is done in: the statistics that backward needs are kept as they were computed.
DType computed_dtype(DType dtype) {
  return dtype == DType::float16 || dtype == DType::bfloat16 ? DType::float32 : dtype;
}

void batch_norm_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &x = node.saved(0), &mean = node.saved(1), &inverse_deviation = node.saved(2), &weight = node.saved(3);
  gradients[0] = make_tensor(x.shape(), g.dtype(), g.device());
  gradients[1] = node.needs(1) ? make_tensor(mean.shape(), g.dtype(), g.device()) : Tensor();
  gradients[2] = node.needs(2) ? make_tensor(mean.shape(), g.dtype(), g.device()) : Tensor();
  dispatch(Operation::batch_norm_backward, g.dtype(),
           {&gradients[0], &gradients[1], &gradients[2], &g, &x, &mean, &inverse_deviation, &weight},
           node.attributes<BatchNormAttributes>());
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight,
                  const Tensor& bias, bool training, double momentum, double eps) {
  check<ShapeError>(x.dim() >= 2,
                    "batch_norm: input must have at least 2 dimensions [n, channels, ...], but has shape ", x.shape());
  const std::int64_t channels = x.shape()[1];
  const auto check_channels = [&](const Tensor& tensor, const char* which) {
    check<ShapeError>(!tensor.defined() || tensor.numel() == channels, which, " should contain ", channels,
                      " elements not ", tensor.defined() ? tensor.numel() : 0);
    check<ShapeError>(!tensor.defined() || tensor.dim() == 1, which, " should have one dimension, but has shape ",
                      tensor.defined() ? tensor.shape() : Shape{});
    check<DTypeError>(!tensor.defined() || tensor.dtype() == x.dtype(), "batch_norm: ", which, " is ",
                      name(tensor.defined() ? tensor.dtype() : x.dtype()), ", but the input is ", name(x.dtype()),
                      "; both must have one dtype");
  };
  check_channels(running_mean, "running_mean");
  check_channels(running_var, "running_var");
  check_channels(weight, "weight");
  check_channels(bias, "bias");
  check<ValueError>(training || running_mean.defined(), "running_mean must be defined in evaluation mode");
  check<ValueError>(training || running_var.defined(), "running_var must be defined in evaluation mode");
  const bool one_value = channels > 0 && x.numel() / channels == 1;
  check<ValueError>(!training || !one_value, "Expected more than 1 value per channel when training, got input size ",
                    x.shape());

  if (x.numel() == 0 && channels > 0) {  // moves no statistics; the gradients of weight and bias are 0
    const Tensor nothing = weight.defined() ? x * weight[0] : x.clone();
    return bias.defined() ? nothing + bias[0] : nothing;
  }
  Tensor y = make_tensor(x.shape(), x.dtype(), x.device());
  const DType computed = computed_dtype(x.dtype());
  const Tensor mean = make_tensor({channels}, computed, x.device()),
               inverse_deviation = make_tensor({channels}, computed, x.device());
  const BatchNormAttributes attributes{momentum, eps, training};
  dispatch(Operation::batch_norm, x.dtype(),
           {&y, &mean, &inverse_deviation, &running_mean, &running_var, &x, &weight, &bias}, attributes);
  if (training && running_mean.defined()) running_mean.impl()->storage->bump_version();
  if (training && running_var.defined()) running_var.impl()->storage->bump_version();
  if (Node* node = record(y, "NativeBatchNormBackward0", batch_norm_gradient, {&x, &weight, &bias})) {
    node->save(x);
    node->save(mean);
    node->save(inverse_deviation);
    node->save(weight);
    node->set_attributes(attributes);
  }
  return y;
}

}  // namespace cairn
