#include <cairn/nn/softmax.h>

#include <cairn/core/ops.h>

namespace cairn::nn {

int SoftmaxBase::dim_of(const Tensor& x) const {
  return dim.value_or(x.dim() == 0 || x.dim() == 1 || x.dim() == 3 ? 0 : 1);
}

std::string SoftmaxBase::extra_repr() const { return "dim=" + (dim ? std::to_string(*dim) : "None"); }

Softmax::Softmax(const SoftmaxOptions& options) : SoftmaxBase(options) { detail::remember_type(this); }
Tensor Softmax::forward(const Tensor& x) { return softmax(x, dim_of(x)); }

LogSoftmax::LogSoftmax(const SoftmaxOptions& options) : SoftmaxBase(options) { detail::remember_type(this); }
Tensor LogSoftmax::forward(const Tensor& x) { return log_softmax(x, dim_of(x)); }

}  // namespace cairn::nn
