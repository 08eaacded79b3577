#include <cairn/nn/parameter.h>

#include <ostream>
#include <utility>

#include <cairn/core/print.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

Tensor detail::as_parameter(Tensor tensor, bool requires_grad) {
  if (!tensor.defined() || is_parameter(tensor)) return tensor;
  const TensorImpl& impl = *tensor.impl();
  const bool ours_alone = impl.use_count() == 1 && !impl.grad_fn && !impl.is_view;
  Tensor made = ours_alone ? std::move(tensor) : tensor.detach();
  made.requires_grad_(requires_grad);
  set_is_parameter(made);
  return made;
}

Parameter::Parameter(const Parameter& other) : Tensor(), Member() {
  static_cast<Tensor&>(*this) = join_copy<Tensor>(other, other);
}

Parameter& Parameter::operator=(const Parameter& other) {
  static_cast<Tensor&>(*this) = assigned_copy<Tensor>(other, other);
  return *this;
}

Parameter& Parameter::operator=(const Tensor& tensor) {
  static_cast<Tensor&>(*this) = detail::as_parameter(tensor, true);
  return *this;
}

Buffer::Buffer(const Buffer& other) : Tensor(), Member(), persistent_(other.persistent_) {
  static_cast<Tensor&>(*this) = join_copy<Tensor>(other, other);
}

Buffer& Buffer::operator=(const Buffer& other) {
  static_cast<Tensor&>(*this) = assigned_copy<Tensor>(other, other);
  return *this;
}

Buffer& Buffer::operator=(const Tensor& tensor) {
  static_cast<Tensor&>(*this) = tensor;
  return *this;
}

std::string to_string(const Parameter& parameter) { return cairn::to_string(static_cast<const Tensor&>(parameter)); }

std::ostream& operator<<(std::ostream& out, const Parameter& parameter) { return out << to_string(parameter); }

}  // namespace cairn::nn
