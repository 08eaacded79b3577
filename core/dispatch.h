// The one point every operation passes on its way to a backend.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>

#include <cairn/core/backend.h>
#include <cairn/core/operation.h>
#include <cairn/core/tensor.h>

namespace cairn {

/// Sees every dispatched operation of a thread: what planned replay, stored programs and export are built on.
class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual void traced(Operation operation, DType dtype, std::span<const Tensor* const> operands, const void* attributes,
                      std::size_t attributes_size) = 0;
};

/// Until it goes out of scope, `tracer` sees what this thread dispatches.
class UseTracer {
 public:
  explicit UseTracer(Tracer& tracer);
  ~UseTracer();
  UseTracer(const UseTracer&) = delete;
  UseTracer& operator=(const UseTracer&) = delete;

 private:
  Tracer* before_;
};

/// Runs the operation on the operands' device. Operands are outputs, then inputs; null or undefined ones are absent.
/// Throws DeviceError when they lie on different devices, DTypeError when the backend has no such kernel.
void dispatch(Operation operation, DType dtype, std::span<const Tensor* const> operands,
              const void* attributes = nullptr, std::size_t attributes_size = 0);

inline void dispatch(Operation operation, DType dtype, std::initializer_list<const Tensor*> operands) {
  dispatch(operation, dtype, std::span<const Tensor* const>(operands.begin(), operands.size()));
}
template <class Attributes>
void dispatch(Operation operation, DType dtype, std::initializer_list<const Tensor*> operands,
              const Attributes& attributes) {
  dispatch(operation, dtype, std::span<const Tensor* const>(operands.begin(), operands.size()), &attributes,
           sizeof attributes);
}

}  // namespace cairn
