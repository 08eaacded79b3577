#include <cairn/nn/softmax.h>

#include <cairn/core/ops.h>
#include <cairn/nn/child.h>

namespace cairn::nn {
namespace {

SoftmaxOptions softmax_options(const Value& options) {
  return {options["dim"].is_none() ? std::nullopt : std::optional(static_cast<int>(options["dim"].as_int()))};
}

}  // namespace

int SoftmaxBase::dim_of(const Tensor& x) const {
  return dim.value_or(x.dim() == 0 || x.dim() == 1 || x.dim() == 3 ? 0 : 1);
}

std::string SoftmaxBase::extra_repr() const { return "dim=" + (dim ? std::to_string(*dim) : "None"); }

Softmax::Softmax(const SoftmaxOptions& options) : SoftmaxBase(options) { detail::remember_type(this); }
Tensor Softmax::forward(const Tensor& x) { return softmax(x, dim_of(x)); }

LogSoftmax::LogSoftmax(const SoftmaxOptions& options) : SoftmaxBase(options) { detail::remember_type(this); }
Tensor LogSoftmax::forward(const Tensor& x) { return log_softmax(x, dim_of(x)); }

Value SoftmaxBase::options() const { return {{"dim", dim ? Value(*dim) : Value()}}; }
std::shared_ptr<Softmax> Softmax::from_options(const Value& options) { return make<Softmax>(softmax_options(options)); }
std::shared_ptr<LogSoftmax> LogSoftmax::from_options(const Value& options) {
  return make<LogSoftmax>(softmax_options(options));
}

}  // namespace cairn::nn
