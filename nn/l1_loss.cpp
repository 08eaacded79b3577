#include <cairn/nn/child.h>
#include <cairn/nn/l1_loss.h>
#include <cairn/nn/option_values.h>

namespace cairn::nn {

L1Loss::L1Loss(const L1LossOptions& options) : reduction(options.reduction) { detail::remember_type(this); }

Tensor L1Loss::forward(const Tensor& input, const Tensor& target) { return l1_loss(input, target, reduction); }

Value L1Loss::options() const { return {{"reduction", to_value(reduction)}}; }
std::shared_ptr<L1Loss> L1Loss::from_options(const Value& options) {
  return make<L1Loss>(L1LossOptions{reduction_of(options["reduction"])});
}

}  // namespace cairn::nn
