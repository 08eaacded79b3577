#include <cairn/core/tensor.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include <cairn/core/attributes.h>
#include <cairn/core/autograd.h>
#include <cairn/core/destinations.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/operations/promotion.h>
#include <cairn/core/ops.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/core/thread_state.h>

namespace cairn {

// TensorImpl.

[[gnu::always_inline]] inline TensorImpl::TensorImpl(const Shape& shape, const Shape& strides, DType dtype,
                                                     Device device)
    : shape(shape), strides(strides), dtype(dtype), device(device) {}

[[gnu::always_inline]] inline TensorImpl* new_impl(const Shape& shape, const Shape& strides, DType dtype,
                                                   Device device) {
  return new (thread_state.pool.allocate(sizeof(TensorImpl))) TensorImpl(shape, strides, dtype, device);
}

Reference<TensorImpl> TensorImpl::make(const Shape& shape, const Shape& strides, DType dtype, Device device) {
  return Reference<TensorImpl>::adopt(new_impl(shape, strides, dtype, device));
}

// Not inlined, lest the end of a tensor contain, for its base and its gradient, the end of a tensor twice.
[[gnu::noinline]] void destroy_counted(TensorImpl* impl) noexcept {
  impl->~TensorImpl();
  thread_state.pool.release(impl, sizeof(TensorImpl));
}

void TensorImpl::destroy(TensorImpl* impl) noexcept { destroy_counted(impl); }

void* RareParts::operator new(std::size_t size) { return thread_state.pool.allocate(size); }
void RareParts::operator delete(void* memory, std::size_t size) noexcept { thread_state.pool.release(memory, size); }

void TensorImpl::set_shape(const Shape& new_shape, const Shape& new_strides) {
  shape = new_shape;
  strides = new_strides;
  measure();
}

void TensorImpl::measure() {
  numel = 1;
  contiguous = true;
  bool empty = false, overflow = false;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != numel) contiguous = false;
    empty = empty || shape[i] == 0;
    overflow = __builtin_mul_overflow(numel, shape[i], &numel) || overflow;
  }
  if (empty) {
    numel = 0;
    contiguous = true;
  } else {
    check<ShapeError>(!overflow, "a tensor of shape ", Extents(shape), " has more than 2^63 elements");
  }
}

namespace {

constexpr std::uint64_t largest_tensor = std::uint64_t{1} << 62;  // bytes

/// As lay_out_by_rows, for a tensor that is empty, huge or impossible.
[[gnu::noinline]] std::int64_t lay_out_with_care(const Shape& shape, DType dtype, Shape& strides) {
  std::uint64_t stride = 1, bytes = 0;
  bool empty = false, too_large = false;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    const std::int64_t extent = shape[i];
    check<ShapeError>(extent >= 0, "Trying to create tensor with negative dimension ", extent, ": ", Extents(shape));
    strides[i] = static_cast<std::int64_t>(stride);
    empty = empty || extent == 0;
    too_large =
        too_large || __builtin_mul_overflow(stride, extent == 0 ? 1 : static_cast<std::uint64_t>(extent), &stride);
  }
  too_large = too_large || __builtin_mul_overflow(stride, size_of(dtype), &bytes) || bytes > largest_tensor;
  check<ShapeError>(!too_large, "a tensor of shape ", Extents(shape), " and dtype ", dtype,
                    " takes more than 2^62 bytes");
  return empty ? 0 : static_cast<std::int64_t>(stride);
}

/// Writes row-major strides over `strides`, which has the rank of `shape`; returns the number of elements. Throws for
/// negative extents and for more than memory can address.
inline std::int64_t lay_out_by_rows(const Shape& shape, DType dtype, Shape& strides) {
  constexpr std::uint64_t surely_fits = largest_tensor / 8;  // elements of the largest dtype
  static_assert(size_of(DType::float64) == 8 && size_of(DType::complex64) == 8);
  const std::int64_t* const extents = shape.data();
  std::int64_t* const to = strides.data();
  std::uint64_t stride = 1;
  bool overflow = false;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    to[i] = static_cast<std::int64_t>(stride);
    overflow |= __builtin_mul_overflow(stride, static_cast<std::uint64_t>(extents[i]), &stride);  // negative: huge
  }
  if (overflow || stride == 0 || stride > surely_fits) [[unlikely]]
    return lay_out_with_care(shape, dtype, strides);
  return static_cast<std::int64_t>(stride);
}

const TensorImpl& defined_impl(const Tensor& tensor) {
  check<ValueError>(tensor.defined(), "an undefined tensor was asked for its properties");
  return *tensor.impl();
}

}  // namespace

Tensor make_tensor(const Shape& shape, DType dtype, Device device) {
  Reference<TensorImpl> impl = Reference<TensorImpl>::adopt(new_impl(shape, shape, dtype, device));
  impl->numel = lay_out_by_rows(shape, dtype, impl->strides);
  impl->set_storage(Storage::allocate(static_cast<std::size_t>(impl->numel) * size_of(dtype), device));
  return Tensor(std::move(impl));
}

Tensor make_alias(const Tensor& of, const Shape& shape, const Shape& strides, std::int64_t offset) {
  const TensorImpl& from = defined_impl(of);
  if (!from.storage) {
    const RareParts& rare = *from.rare;
    check<ValueError>(rare.source->reads_views(),
                      "a view was asked of a tensor whose numbers are still in its file; materialize() it first");
    return make_deferred(rare.source, rare.source_id, TensorLayout{shape, strides, offset}, from.dtype, from.device);
  }
  Reference<TensorImpl> impl = TensorImpl::make(shape, strides, from.dtype, from.device);
  impl->is_view = true;
  impl->measure();
  impl->set_storage(from.storage, offset);
  return Tensor(std::move(impl));
}

Tensor make_view(const Tensor& of, const Shape& shape, const Shape& strides, std::int64_t offset) {
  Tensor view = make_alias(of, shape, strides, offset);
  TensorImpl &impl = *view.impl(), &from = *of.impl();
  if (!impl.storage || !is_floating_point(impl.dtype)) return view;  // deferred: gradients begin at real numbers
  impl.base = from.base ? from.base : Reference<TensorImpl>::share(&from);
  impl.graph_version.store(impl.storage->version(), std::memory_order_relaxed);
  impl.origin = thread_state.grad_enabled ? from.origin : ViewOrigin::without_grad_mode;
  return view;
}

void set_data(const Tensor& tensor, const Tensor& data) {
  TensorImpl& to = *tensor.impl();
  const TensorImpl& from = *data.impl();
  check<AutogradError>(!to.grad_fn, "set_data: a tensor that was computed cannot be given other numbers");
  to.dtype = from.dtype;
  to.device = from.device;
  to.base = {};
  if (from.rare || to.rare) {
    to.rare_parts().source = from.rare ? from.rare->source : Reference<TensorSource>();
    to.rare_parts().source_id = from.rare ? from.rare->source_id : 0;
  }
  to.set_shape(from.shape, from.strides);
  to.set_storage(from.storage, from.offset);
}

void set_is_parameter(const Tensor& tensor, bool on) { tensor.impl()->is_parameter = on; }
bool is_parameter(const Tensor& tensor) { return tensor.impl()->is_parameter; }

// What it looks like.

const Shape& Tensor::shape() const { return defined_impl(*this).shape; }
const Shape& Tensor::strides() const { return defined_impl(*this).strides; }
std::int64_t Tensor::storage_offset() const { return defined_impl(*this).offset; }
int Tensor::dim() const { return defined_impl(*this).shape.rank(); }
std::int64_t Tensor::size(int dimension) const {
  check<IndexError>(dim() > 0, "Dimension specified as ", dimension, " but tensor has no dimensions");
  return shape()[wrap_dim(dimension, dim())];
}
std::int64_t Tensor::numel() const { return defined_impl(*this).numel; }
DType Tensor::dtype() const { return defined_impl(*this).dtype; }
Device Tensor::device() const { return defined_impl(*this).device; }
std::int64_t Tensor::nbytes() const { return numel() * static_cast<std::int64_t>(size_of(dtype())); }
bool Tensor::is_contiguous() const { return defined_impl(*this).contiguous; }
bool Tensor::is_deferred() const {
  const TensorImpl& impl = defined_impl(*this);
  return impl.rare && impl.rare->source;
}
bool Tensor::shares_storage(const Tensor& other) const {
  const Storage* mine = defined_impl(*this).storage.get();
  return mine && mine == defined_impl(other).storage.get();
}
std::uint64_t Tensor::version() const {
  const TensorImpl& impl = defined_impl(*this);
  return impl.storage ? impl.storage->version() : 0;
}

// The numbers.

void* Tensor::raw_data() const {
  const TensorImpl& impl = defined_impl(*this);
  check<ValueError>(static_cast<bool>(impl.storage),
                    "a tensor's numbers were asked for while they are still in its file; materialize() it first");
  return impl.data();
}

void* Tensor::checked_data(DType dtype) const {
  void* data = raw_data();
  const TensorImpl& impl = *impl_;
  check<DTypeError>(impl.dtype == dtype, "data<", name(dtype), ">() was asked of a ", name(impl.dtype), " tensor");
  check<DeviceError>(impl.storage->backend().host_memory, "data() was asked of a tensor on ", impl.device,
                     ", whose memory the CPU cannot read; use to(\"cpu\") first");
  check<ValueError>(impl.contiguous, "data() was asked of a tensor whose elements do not lie row by row (strides ",
                    Extents(impl.strides), "); use contiguous() first");
  return data;
}

namespace {

Tensor only_element(const Tensor& tensor, DType as) {
  check<ValueError>(tensor.numel() == 1, "a Tensor with ", tensor.numel(), " elements cannot be converted to Scalar");
  check<DeviceError>(!tensor.device().is_meta(), "Tensor.item() cannot be called on meta tensors");
  const NoGrad no_grad;
  return tensor.to(Device()).to(as);
}

}  // namespace

double Tensor::item() const {
  if (numel() == 1 && dtype() == DType::float32 && device().is_cpu() && !is_deferred())
    return *static_cast<const float*>(raw_data());
  return only_element(*this, DType::float64).data<double>()[0];
}
std::int64_t Tensor::item_int64() const {
  check<DTypeError>(category(dtype()) <= DTypeCategory::integer, "item_int64() was asked of a ", name(dtype()),
                    " tensor");
  return only_element(*this, DType::int64).data<std::int64_t>()[0];
}

// Copies.

namespace {

void to_gradient(Node&, const Tensor& gradient, Tensor* gradients) {
  gradients[0] = gradient;
}  // the engine converts the dtype
void to_device_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  gradients[0] = gradient.to(node.attributes<Device>());
}

/// What was there before reaches the result no more.
void copy_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = zeros_like(gradient);
  if (node.needs(1)) gradients[1] = gradient.to(node.attributes<Device>());
}

/// Numbers of `from` into `to`, of the same shape, whatever their dtypes, strides and devices.
void copy_numbers(const Tensor& from, const Tensor& to) {
  check<ValueError>(from.impl()->storage && to.impl()->storage,
                    "copy: a tensor's numbers are still in its file; materialize() it first");
  if (to.numel() == 0 || to.device().is_meta()) return;
  check<DeviceError>(!from.device().is_meta(), "Cannot copy out of meta tensor; no data!");
  if (from.device() == to.device()) {
    dispatch(Operation::copy, to.dtype(), {&to, &from});
    return;
  }
  // Between devices only whole rows of equal type travel: the rest is arranged on the side that has the numbers.
  const Tensor source = (from.is_contiguous() ? from : from.contiguous()).to(to.dtype());
  const Tensor target = to.is_contiguous() ? to : empty(to.shape(), {.dtype = to.dtype(), .device = to.device()});
  const std::size_t bytes = static_cast<std::size_t>(source.nbytes());
  const Backend& from_backend = source.impl()->storage->backend();
  const Backend& to_backend = target.impl()->storage->backend();
  if (to_backend.host_memory) {
    check_status(from_backend.copy_out(from.device().index(), target.raw_data(), source.raw_data(), bytes, nullptr),
                 from_backend, from.device(), "copy to the CPU");
  } else if (from_backend.host_memory) {
    check_status(to_backend.copy_in(to.device().index(), target.raw_data(), source.raw_data(), bytes, nullptr),
                 to_backend, to.device(), "copy from the CPU");
  } else {
    const Tensor between = empty(source.shape(), {.dtype = source.dtype()});
    copy_numbers(source, between);
    copy_numbers(between, target);
  }
  if (!target.is_same(to)) dispatch(Operation::copy, to.dtype(), {&to, &target});
}

}  // namespace

Tensor Tensor::contiguous() const { return is_contiguous() ? *this : clone(); }

Tensor Tensor::clone() const {
  Tensor copy = make_tensor(shape(), dtype(), device());
  copy_numbers(*this, copy);
  record(copy, "CloneBackward0", to_gradient, {this});
  return copy;
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == this->dtype()) return *this;
  Tensor copy = make_tensor(shape(), dtype, device());
  copy_numbers(*this, copy);
  record(copy, "ToCopyBackward0", to_gradient, {this});
  return copy;
}

Tensor Tensor::to(Device device) const {
  if (device == this->device()) return *this;
  Tensor copy = make_tensor(shape(), dtype(), device);
  copy_numbers(*this, copy);
  if (Node* node = record(copy, "ToCopyBackward0", to_device_gradient, {this})) node->set_attributes(this->device());
  return copy;
}

const Tensor& Tensor::copy_(const Tensor& source) const {
  const bool onto_itself = shares_storage(source) && storage_offset() == source.storage_offset() &&
                           shape() == source.shape() && strides() == source.strides();
  check_inplace(*this, {&source}, onto_itself ? Overlap::allowed : Overlap::refused);
  check_result_fits(*this, dtype(), source.shape() == shape() ? shape() : broadcast_shapes(shape(), source.shape()));
  const Tensor from = source.shape() == shape() ? source : source.detach().expand(shape());
  copy_numbers(overlap_partly(from, *this) ? from.detach().clone() : from, *this);
  impl_->storage->bump_version();
  if (Node* node = record_inplace(*this, "CopyBackwards", copy_gradient, {this, &source}))
    node->set_attributes(source.device());
  return *this;
}

namespace {

/// What was there before gets the gradient zero: it reaches the result no more.
void fill_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = zeros_like(gradient);
}

void fill(const Tensor& tensor, Scalar value, const char* node_name) {
  check_inplace(tensor, {}, Overlap::allowed);
  check_number_fits(value, tensor.dtype());
  dispatch(Operation::fill, tensor.dtype(), {&tensor}, FillAttributes{value.floating, value.integer});
  tensor.impl()->storage->bump_version();
  record_inplace(tensor, node_name, fill_gradient, {&tensor});
}

}  // namespace

const Tensor& Tensor::fill_(Scalar value) const { return fill(*this, value, "FillBackward2"), *this; }
const Tensor& Tensor::zero_() const { return fill(*this, 0, "ZeroBackward0"), *this; }

// Made from numbers. (From nothing: operations/creation.cpp.)

Tensor from_bytes(const void* memory, const Shape& shape, DType dtype) {
  Tensor made = make_tensor(shape, dtype, Device());
  if (made.numel() > 0) std::memcpy(made.raw_data(), memory, static_cast<std::size_t>(made.nbytes()));
  return made;
}

Tensor from_borrowed(void* memory, const Shape& shape, DType dtype, void (*release)(void*), void* context) {
  Shape strides = shape;
  const std::size_t bytes = static_cast<std::size_t>(lay_out_by_rows(shape, dtype, strides)) * size_of(dtype);
  check<ValueError>(reinterpret_cast<std::uintptr_t>(memory) % std::min<std::size_t>(size_of(dtype), 8) == 0,
                    "from_borrowed: the memory is not aligned for ", dtype);
  Reference<TensorImpl> impl = TensorImpl::make(shape, strides, dtype, Device());
  impl->measure();
  impl->set_storage(Storage::borrow(memory, bytes, release, context));
  return Tensor(std::move(impl));
}

}  // namespace cairn
