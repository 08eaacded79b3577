#include <cairn/core/dispatch.h>

#include <new>

#include <cairn/core/error.h>
#include <cairn/core/pool_array.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/core/thread_state.h>

namespace cairn {
namespace {

[[noreturn, gnu::cold, gnu::noinline]] void throw_device_mismatch(std::span<const Tensor* const> operands) {
  std::string first, second;
  for (const Tensor* operand : operands) {
    if (!operand || !operand->defined()) continue;
    const std::string device = to_string(operand->device());
    if (first.empty()) first = device;
    if (device == first) continue;
    second = device;
    break;
  }
  throw DeviceError(text("Expected all tensors to be on the same device, but found at least two devices, ", first,
                         " and ", second, "!"));
}

[[noreturn, gnu::cold, gnu::noinline]] void throw_deferred(Operation operation) {
  throw ValueError(text(name(operation), ": a tensor's numbers are still in its file; materialize() it first"));
}

inline const TensorImpl& first_of(std::span<const Tensor* const> operands) {
  for (const Tensor* operand : operands)
    if (operand && operand->defined()) return *operand->impl();
  throw DeviceError("dispatch: no operand is defined");
}

/// What lies in host memory has one place, whatever number the device was given.
bool same_place(const TensorImpl& a, const TensorImpl& b) {
  return a.device.type() == b.device.type() && a.storage->backend().host_memory;
}

[[noreturn, gnu::cold, gnu::noinline]] void throw_failure(Status status, const Backend& backend, Device device,
                                                          const KernelCall& call) {
  if (status == Status::unsupported) {
    throw DTypeError(
        text('"', name(call.operation), "\" not implemented for '", name(call.dtype), "' on ", name(backend.type)));
  }
  if (status == Status::invalid && backend.host_memory) throw IndexError(backend.last_error());
  check_status(status, backend, device, std::string(name(call.operation)).c_str());
  __builtin_unreachable();  // the status is not ok
}

}  // namespace

UseTracer::UseTracer(Tracer& tracer) : before_(thread_state.tracer) { thread_state.tracer = &tracer; }
UseTracer::~UseTracer() { thread_state.tracer = before_; }

void dispatch(Operation operation, DType dtype, std::span<const Tensor* const> operands, const void* attributes,
              std::size_t attributes_size) {
  PoolArray<View> views(operands.size());
  View* view = views.data();
  const TensorImpl& first = first_of(operands);
  const Device device = first.device;
  for (const Tensor* operand : operands) {
    const TensorImpl* const impl = operand ? operand->impl() : nullptr;
    if (!impl) {
      new (view++) View{nullptr, nullptr, nullptr, -1, DType::float32};
      continue;
    }
    if (!impl->storage) [[unlikely]]
      throw_deferred(operation);
    if (!(impl->device == device) && !same_place(*impl, first)) [[unlikely]]
      throw_device_mismatch(operands);
    new (view++) View(impl->view);
  }
  if (thread_state.tracer) [[unlikely]]
    thread_state.tracer->traced(operation, dtype, operands, attributes, attributes_size);
  const Backend& backend = first.storage->backend();
  const KernelCall call{operation,    dtype,      static_cast<std::int32_t>(operands.size()),
                        views.data(), attributes, attributes_size};
  const Status status = backend.run(device.index(), &call, nullptr);
  if (status != Status::ok) [[unlikely]]
    throw_failure(status, backend, device, call);
}

}  // namespace cairn
