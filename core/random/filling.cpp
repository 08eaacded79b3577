#include <cairn/core/random/filling.h>

#include <array>
#include <cstdio>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/graph.h>

namespace cairn {

void check_drawn_in_place(const Tensor& tensor) {
  check_inplace(tensor);
  if (tensor.numel() == 0) return;
  for (int i = 0; i < tensor.dim(); ++i) {
    check<ValueError>(tensor.shape()[i] == 1 || tensor.strides()[i] != 0,
                      "unsupported operation: more than one element of the written-to tensor refers to a single memory "
                      "location. Please clone() the tensor before performing the operation.");
  }
}

Shape memory_order(const Tensor& tensor) {
  const Shape &shape = tensor.shape(), &strides = tensor.strides();
  // As PyTorch sorts them: a dimension of stride 0 is neither before nor after another, and stays where it is.
  const auto compare = [&](std::int64_t a, std::int64_t b) {
    const std::int64_t x = strides[static_cast<int>(a)], y = strides[static_cast<int>(b)];
    if (x == 0 || y == 0) return 0;
    if (x != y) return x < y ? -1 : 1;
    return shape[static_cast<int>(a)] > shape[static_cast<int>(b)] ? 1 : 0;
  };
  Shape order = shape;
  const int last = tensor.dim() - 1;
  for (int i = 0; i <= last; ++i) order[i] = i;
  for (int i = last - 1; i >= 0; --i) {
    int moved = i;
    for (int j = i + 1; j <= last; ++j) {
      const int compared = compare(order[j], order[moved]);
      if (compared < 0) break;
      if (compared > 0) {
        std::swap(order[j], order[moved]);
        moved = j;
      }
    }
  }
  return order;
}

Tensor empty_in_layout_of(const Tensor& tensor) {
  const Tensor made = empty(tensor.shape(), {.dtype = tensor.dtype(), .device = tensor.device()});
  if (tensor.is_contiguous()) return made;
  const Shape order = memory_order(tensor);
  Shape strides = order;
  std::int64_t stride = 1;
  for (int i = tensor.dim() - 1; i >= 0; --i) {
    const int dimension = static_cast<int>(order[i]);
    strides[dimension] = stride;
    stride *= tensor.shape()[dimension];
  }
  made.impl()->set_shape(tensor.shape(), strides);
  made.impl()->set_storage(made.impl()->storage);
  return made;
}

Tensor host_memory_for(const Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.is_contiguous() ? tensor
                                                            : empty({tensor.numel()}, {.dtype = tensor.dtype()});
}

void finish_drawing(const Tensor& drawn, const Tensor& tensor) {
  if (drawn.is_same(tensor)) {
    tensor.impl()->storage->bump_version();
  } else {
    const NoGrad no_grad;
    const Tensor target = tensor.detach().permute(memory_order(tensor));
    target.copy_(drawn.view(target.shape()));
  }
  if (thread_state.grad_enabled) tensor.impl()->grad_fn = {};  // what was here before reaches the result no more
}

std::string to_string(ShortNumber number) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g", number.value);
  return digits;
}

std::string_view type_name(DType dtype) {
  constexpr std::array<std::string_view, dtype_count> names = {"bool",  "unsigned char", "signed char", "short int",
                                                               "int",   "long int",      "c10::Half",   "c10::BFloat16",
                                                               "float", "double"};
  return names[static_cast<std::size_t>(dtype)];
}

}  // namespace cairn
