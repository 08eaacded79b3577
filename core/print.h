// How tensors print: exactly as PyTorch prints them.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/core/python_text.h>
#include <cairn/core/tensor.h>

namespace cairn {

class Value;
class StateDict;

/// The arguments of `torch.set_printoptions`, with the values of the profile "default". An option not given is left as
/// it is by `set_printoptions`, and has that value where options are passed to one print, whatever the process's are.
struct PrintOptions {
  std::optional<int> precision = {};     ///< Digits after the point: 4.
  std::optional<double> threshold = {};  ///< Above this many elements the middle is left out: 1000.
  std::optional<int> edgeitems = {};     ///< How many stay at each edge of a dimension then: 3.
  std::optional<int> linewidth = {};     ///< Columns of a line: 80.
  std::string_view profile = {};  ///< "default", "short" (precision and edgeitems 2) or "full" (no threshold): sets the
                                  ///< four above, before those given.
  std::optional<bool> sci_mode = {};  ///< Scientific notation always or never. Not given: where the numbers ask for it,
                                      ///< also after an earlier call that gave it.
};

/// Changes the process's options. Throws ValueError for a negative number and an unknown profile.
void set_printoptions(const PrintOptions& options);
PrintOptions get_printoptions();  ///< All of the process's; `set_printoptions` takes them back.

/// "tensor([1., 2.], requires_grad=True)"; a deferred tensor prints like a meta one, with its own device.
std::string to_string(const Tensor& tensor);
std::string to_string(const Tensor& tensor, const PrintOptions& options, int indent = 0);
std::string to_string(const Value& value, const PrintOptions& options);      ///< Those of the tensors in it.
std::string to_string(const StateDict& state, const PrintOptions& options);  ///< The same.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);
std::ostream& operator<<(std::ostream& out, const Shape& shape);
std::ostream& operator<<(std::ostream& out, Device device);
std::ostream& operator<<(std::ostream& out, DType dtype);

}  // namespace cairn
