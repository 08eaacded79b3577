#include <cairn/core/autograd/texts.h>

#include <algorithm>
#include <cctype>

#include <cairn/core/autograd.h>

namespace cairn {
namespace {

/// Where "Backward0" begins; npos for the functions that PyTorch wrote by hand, whose names it prints with their
/// namespace.
std::size_t numbered_suffix(std::string_view name) {
  return name.ends_with("Backward") || name.empty() || !std::isdigit(static_cast<unsigned char>(name.back()))
             ? std::string_view::npos
             : name.rfind("Backward");
}

}  // namespace

std::string type_text(const TensorImpl& tensor) {
  std::string device(name(tensor.device.type()));
  const std::string scalar(scalar_type_name(tensor.dtype));
  if (tensor.dtype != DType::bfloat16)
    return "torch." + (tensor.device.is_cpu() ? std::string() : device + ".") + scalar + "Tensor";
  std::transform(device.begin(), device.end(), device.begin(), [](unsigned char c) { return std::toupper(c); });
  return device + scalar + "Type";
}

std::string function_text(const Node& node) {
  const std::string name = node.name();
  return numbered_suffix(name) == std::string::npos ? "torch::autograd::" + name : name;
}

std::string operation_text(const Node& node) {
  const std::string name = node.name();
  const std::size_t suffix = numbered_suffix(name);
  if (suffix == std::string::npos) return function_text(node);
  const std::string number = name.substr(suffix + 8);
  return name.substr(0, suffix) + (number == "0" ? "" : number);
}

std::string grad_fn_name(const Node& node) { return node.name(); }

}  // namespace cairn
