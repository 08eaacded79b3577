#include <cairn/nn/l1_loss.h>

namespace cairn::nn {

L1Loss::L1Loss(const L1LossOptions& options) : reduction(options.reduction) { detail::remember_type(this); }

Tensor L1Loss::forward(const Tensor& input, const Tensor& target) { return l1_loss(input, target, reduction); }

}  // namespace cairn::nn
