#include <cairn/nn/clip_grad.h>

#include <cmath>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/ops.h>
#include <cairn/core/python_text.h>

namespace cairn::nn {
namespace {

std::vector<Tensor> gradients_of(std::span<const Tensor> parameters) {
  std::vector<Tensor> gradients;
  for (const Tensor& parameter : parameters)
    if (const Tensor gradient = parameter.grad(); gradient.defined()) gradients.push_back(gradient.detach());
  return gradients;
}

}  // namespace

Tensor clip_grad_norm_(std::span<const Tensor> parameters, double max_norm, const ClipGradNormOptions& options) {
  const NoGrad no_grad;
  const std::vector<Tensor> gradients = gradients_of(parameters);
  if (gradients.empty()) return scalar_tensor(0.0);
  std::vector<Tensor> norms;
  DType dtype = gradients[0].dtype();
  for (const Tensor& gradient : gradients) {
    norms.push_back(norm(gradient, options.norm_type).to(gradients[0].device()));
    dtype = promote_types(dtype, gradient.dtype());
  }
  for (Tensor& each : norms) each = each.to(dtype);
  const Tensor total = norm(stack(norms), options.norm_type);
  check<ValueError>(
      !options.error_if_nonfinite || std::isfinite(total.item()), "The total norm of order ",
      python_float(options.norm_type),
      " for gradients from `parameters` is non-finite, so it cannot be clipped. To disable this error and "
      "scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`");
  const Tensor factor = clamp(max_norm / (total + 1e-6), {}, 1.0);
  for (const Tensor& gradient : gradients) gradient.mul_(factor.to(gradient.device()));
  return total;
}

void clip_grad_value_(std::span<const Tensor> parameters, double clip_value) {
  const NoGrad no_grad;
  for (const Tensor& gradient : gradients_of(parameters)) gradient.clamp_(-clip_value, clip_value);
}

}  // namespace cairn::nn
