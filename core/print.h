// How tensors print: exactly as PyTorch prints them.
#pragma once

#include <iosfwd>
#include <string>

#include <cairn/core/python_text.h>
#include <cairn/core/tensor.h>

namespace cairn {

/// `torch.set_printoptions`. A value can be passed to each call instead of changing the process's.
struct PrintOptions {
  int precision = 4;     ///< Digits after the point.
  int threshold = 1000;  ///< Above this many elements the middle is left out.
  int edgeitems = 3;     ///< How many stay at each edge then.
  int linewidth = 80;
};

PrintOptions print_options();  ///< Those of the process.
void set_print_options(const PrintOptions& options);

/// "tensor([1., 2.], requires_grad=True)"; a deferred tensor prints like a meta one, with its own device.
std::string to_string(const Tensor& tensor);
std::string to_string(const Tensor& tensor, const PrintOptions& options, int indent = 0);
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);
std::ostream& operator<<(std::ostream& out, const Shape& shape);
std::ostream& operator<<(std::ostream& out, Device device);
std::ostream& operator<<(std::ostream& out, DType dtype);

}  // namespace cairn
