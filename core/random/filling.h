// How the samplers fill a tensor: in the order of memory, drawn on the host and brought to where the tensor lies.
//
// PyTorch goes through a tensor dimension by dimension, that of the largest stride outermost. So a transposed matrix
// gets its numbers column by column, in one row of memory, and a tensor of the same layout on another device gets the
// same numbers at the same places. A sampler therefore only ever fills contiguous memory of the host:
//
//   fill_drawn(RealTypes{}, tensor, generator, [&]<class T>(T* numbers, std::int64_t count, Generator::Engine& from) {
//     for (std::int64_t i = 0; i < count; ++i) numbers[i] = ...;
//   });
#pragma once

#include <cstdint>

#include <cairn/core/dtype.h>
#include <cairn/core/random.h>
#include <cairn/core/random/engine.h>

namespace cairn {

/// What real numbers are drawn as, and what whole ones are.
using RealTypes = TypeList<float, double, float16, bfloat16>;
using NumberTypes = TypeList<bool, std::uint8_t, std::int8_t, std::int16_t, std::int32_t, std::int64_t, float, double,
                             float16, bfloat16>;

template <class... Types>
constexpr bool is_one_of(DType dtype, TypeList<Types...>) {
  return ((dtype == dtype_of<Types>) || ...);
}

/// To be called first by what draws into `tensor`: throws where autograd forbids it, and where elements share memory.
void check_drawn_in_place(const Tensor& tensor);

/// The dimensions of `tensor` as they lie in memory, the outermost first.
Shape memory_order(const Tensor& tensor);

/// Undefined numbers of the same shape, dtype and device, dense, with the dimensions in the same order in memory: what
/// PyTorch's `empty_like` makes.
Tensor empty_in_layout_of(const Tensor& tensor);

/// Contiguous memory of the host that `tensor` can be drawn into: its own, or that of a new tensor.
Tensor host_memory_for(const Tensor& tensor);

/// Brings what was drawn, in the order of memory, to `tensor`, unless that is where it was drawn.
void finish_drawing(const Tensor& drawn, const Tensor& tensor);

/// Has `draw(numbers, count, engine)` make the elements of `tensor`, whose dtype is one of `Types`. Does nothing to a
/// meta tensor, and draws nothing for an empty one.
template <class Types, class Draw>
void fill_drawn(Types types, const Tensor& tensor, const OptionalGenerator& generator, const Draw& draw) {
  if (tensor.device().is_meta() || tensor.numel() == 0) return;
  const Tensor host = host_memory_for(tensor);
  {
    const LockedGenerator from(generator);
    for_each_type(types, [&]<class T>() {
      if (dtype_of<T> == host.dtype()) draw(host.data<T>().data(), host.numel(), from.engine());
    });
  }
  finish_drawing(host, tensor);
}

/// A number that is shown as "%g" prints it, which is how PyTorch's C++ shows the arguments of samplers.
struct ShortNumber {
  double value;
};
std::string to_string(ShortNumber number);

/// The name of a C++ type that some of PyTorch's texts show for a dtype: "float", "signed char", "c10::Half".
std::string_view type_name(DType dtype);

}  // namespace cairn
