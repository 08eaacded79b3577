// What a tensor says of its gradient, and its ways out of the graph.
#include <cairn/core/autograd.h>
#include <cairn/core/autograd/hook_list.h>
#include <cairn/core/graph.h>
#include <cairn/core/tensor_impl.h>

namespace cairn {
namespace {

TensorImpl& defined_impl(const Tensor& tensor) {
  check<ValueError>(tensor.defined(), "an undefined tensor was asked for its properties");
  return *tensor.impl();
}

/// As PyTorch names the element type there: by its C++ type.
std::string cpp_name(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return "bool";
    case DType::uint8:
      return "unsigned char";
    case DType::int8:
      return "signed char";
    case DType::int16:
      return "short int";
    case DType::int32:
      return "int";
    case DType::int64:
      return "long int";
    case DType::float32:
      return "float";
    case DType::float64:
      return "double";
    case DType::complex64:
      return "c10::complex<float>";
    default:
      return "c10::" + std::string(scalar_type_name(dtype));
  }
}

void check_assigned_grad(const Tensor& grad, const Tensor& tensor) {
  check<AutogradError>(!grad.is_same(tensor), "can't assign Variable as its own grad");
  check<DTypeError>(
      grad.dtype() == tensor.dtype(), "attempting to assign a gradient with dtype '", cpp_name(grad.dtype()),
      "' to a tensor with grad_dtype '", scalar_type_name(tensor.dtype()),
      "'. The gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You can set the tensor's "
      "grad_dtype attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with caution. Diverging "
      "the dtypes of a tensor and its gradient may break downstream systems that assume they match.");
  const Device from = grad.device(), to = tensor.device();
  check<DeviceError>(from.type() == to.type(), "attempting to assign a gradient with device type '", name(from.type()),
                     "' to a tensor with device type '", name(to.type()),
                     "'. Please ensure that the gradient and the tensor are on the same device");
  check<DeviceError>(from == to, "attempting to assign a gradient located on device with index '", from.index(),
                     "' to a tensor located on device with index '", to.index(),
                     "'. Please ensure that the gradient and the tensor are on the same device");
  check<ShapeError>(grad.shape() == tensor.shape(), "attempting to assign a gradient of size '", Extents(grad.shape()),
                    "' to a tensor of size '", Extents(tensor.shape()),
                    "'. Please ensure that the gradient and the tensor are the same size");
}

}  // namespace

bool Tensor::requires_grad() const { return defined_impl(*this).needs_grad(); }

Tensor& Tensor::requires_grad_(bool on) {
  defined_impl(*this);
  check<AutogradError>(
      on || !has_history(*impl_),
      "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph "
      "that doesn't require differentiation use var_no_grad = var.detach().");
  check<AutogradError>(!on || is_floating_point(impl_->dtype) || category(impl_->dtype) == DTypeCategory::complex,
                       "only Tensors of floating point dtype can require gradients");
  if (!has_history(*impl_)) impl_->requires_grad = on;
  return *this;
}

bool Tensor::is_leaf() const { return !grad_fn(); }
Node* Tensor::grad_fn() const { return defined_impl(*this).base ? grad_fn_of(*impl_) : impl_->grad_fn.get(); }

const Tensor& Tensor::grad() const {
  const TensorImpl& impl = defined_impl(*this);
  return impl.rare && impl.rare->retained ? impl.rare->retained->grad : impl.grad;
}

void Tensor::set_grad(Tensor grad) const {
  defined_impl(*this);
  if (grad.defined()) check_assigned_grad(grad, *this);
  (impl_->rare && impl_->rare->retained ? impl_->rare->retained->grad : impl_->grad) = std::move(grad);
}

const Tensor& Tensor::detach_() const {
  check<AutogradError>(!defined_impl(*this).base,
                       "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel "
                       "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP "
                       "buckets, and hence detach_() cannot be called on these gradients. To fix this error, please "
                       "refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution.");
  if (retains_grad()) impl_->grad = std::exchange(impl_->rare->retained, {})->grad;
  impl_->grad_fn = {};
  impl_->requires_grad = false;
  return *this;
}

Tensor Tensor::detach() const {
  const TensorImpl& impl = defined_impl(*this);
  if (impl.rare && impl.rare->source)
    return make_deferred(impl.rare->source, impl.rare->source_id, impl.shape, impl.dtype, impl.device, false);
  Reference<TensorImpl> alias = TensorImpl::make(impl.shape, impl.strides, impl.dtype, impl.device);
  alias->numel = impl.numel;
  alias->contiguous = impl.contiguous;
  alias->set_storage(impl.storage, impl.offset);
  alias->is_view = true;
  return Tensor(std::move(alias));
}

}  // namespace cairn
