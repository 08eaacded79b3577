#include <cairn/core/dispatch.h>

#include <cairn/core/error.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/core/thread_state.h>

namespace cairn {
namespace {

constexpr std::size_t few = 16;  // operands whose views fit on the stack

[[noreturn]] void throw_device_mismatch(std::span<const Tensor* const> operands) {
  std::string first;
  for (const Tensor* operand : operands) {
    if (!operand || !operand->defined()) continue;
    const std::string device = to_string(operand->device());
    if (first.empty()) first = device;
    if (device != first) {
      throw DeviceError(text("Expected all tensors to be on the same device, but found at least two devices, ", first,
                             " and ", device, "!"));
    }
  }
  throw DeviceError("dispatch: no operand is defined");
}

[[noreturn]] void throw_deferred(Operation operation) {
  throw ValueError(text(name(operation), ": a tensor's numbers are still in its file; materialize() it first"));
}

bool same_place(const Storage& a, const Storage& b) {
  return &a.backend() == &b.backend() && (a.backend().host_memory || a.device() == b.device());
}

void run(const Backend& backend, Device device, const KernelCall& call) {
  const Status status = backend.run(device.index(), &call, nullptr);
  if (status == Status::ok) [[likely]]
    return;
  if (status == Status::unsupported) {
    throw DTypeError(
        text('"', name(call.operation), "\" not implemented for '", name(call.dtype), "' on ", name(backend.type)));
  }
  if (status == Status::invalid && backend.host_memory) throw IndexError(backend.last_error());
  check_status(status, backend, device, std::string(name(call.operation)).c_str());
}

}  // namespace

UseTracer::UseTracer(Tracer& tracer) : before_(thread_state.tracer) { thread_state.tracer = &tracer; }
UseTracer::~UseTracer() { thread_state.tracer = before_; }

void dispatch(Operation operation, DType dtype, std::span<const Tensor* const> operands, const void* attributes,
              std::size_t attributes_size) {
  View on_stack[few];
  View* views = on_stack;
  if (operands.size() > few) views = static_cast<View*>(thread_state.pool.allocate(operands.size() * sizeof(View)));
  struct Free {
    View* views;
    std::size_t size;
    ~Free() {
      if (views) thread_state.pool.release(views, size);
    }
  } free{operands.size() > few ? views : nullptr, operands.size() * sizeof(View)};

  const Storage* place = nullptr;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i] || !operands[i]->defined()) {
      views[i] = {nullptr, nullptr, nullptr, -1, DType::float32};
      continue;
    }
    const TensorImpl& impl = *operands[i]->impl();
    if (!impl.storage) throw_deferred(operation);
    if (!place)
      place = impl.storage.get();
    else if (!same_place(*impl.storage, *place))
      throw_device_mismatch(operands);
    views[i] = {impl.data(), impl.shape.data(), impl.strides.data(), impl.shape.rank(), impl.dtype};
  }
  if (!place) throw_device_mismatch(operands);
  if (thread_state.tracer) [[unlikely]]
    thread_state.tracer->traced(operation, dtype, operands, attributes, attributes_size);
  run(place->backend(), place->device(),
      {operation, dtype, static_cast<std::int32_t>(operands.size()), views, attributes, attributes_size});
}

}  // namespace cairn
