// backward() and grad(): what is asked for is checked, in PyTorch's order and words, and the engine is started.
#include <algorithm>
#include <functional>

#include <cairn/core/autograd.h>
#include <cairn/core/autograd/engine.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

/// The gradient of a loss: a scalar 1. A thread keeps that of its last loss for the next one, unless somebody else
/// holds it or has changed it.
Tensor gradient_of_scalar(const Tensor& output) {
  const TensorImpl& loss = *output.impl();
  if (!loss.device.is_cpu() || loss.shape.rank() != 0)
    return ones(loss.shape, {.dtype = loss.dtype, .device = loss.device});
  static thread_local Tensor kept;
  static thread_local std::uint32_t version = 0;
  if (kept.defined()) {
    const TensorImpl& impl = *kept.impl();
    if (impl.dtype == loss.dtype && impl.use_count() == 1 && impl.storage->use_count() == 1 &&
        impl.storage->version() == version)
      return kept;
  }
  kept = ones({}, {.dtype = loss.dtype});
  version = kept.impl()->storage->version();
  return kept;
}

/// The gradient that a walk from `output` begins with: the one given, or 1.
Tensor first_gradient(const Tensor& output, const Tensor& given, std::size_t index) {
  if (given.defined()) {
    check<AutogradError>(given.shape() == output.shape(), "Mismatch in shape: grad_output[", index, "] has a shape of ",
                         given.shape(), " and output[", index, "] has a shape of ", output.shape(), ".");
    return given;
  }
  if (!output.requires_grad()) return {};
  check<AutogradError>(output.numel() == 1, "grad can be implicitly created only for scalar outputs");
  return gradient_of_scalar(output);
}

Root root_at(const Tensor& output, Tensor gradient, std::size_t index) {
  check<AutogradError>(output.requires_grad(), "element ", index,
                       " of tensors does not require grad and does not have a grad_fn");
  check<DeviceError>(gradient.device() == output.device(), "invalid gradient at index ", index, " - expected device ",
                     output.device(), " but got ", gradient.device());
  return {edge_to(*output.impl()), std::move(gradient)};
}

std::vector<Root> roots_of(const std::vector<Tensor>& outputs, const std::vector<Tensor>& gradients) {
  check<AutogradError>(gradients.empty() || gradients.size() == outputs.size(), "got ", outputs.size(), " tensors and ",
                       gradients.size(), " gradients");
  std::vector<Tensor> first;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    first.push_back(first_gradient(outputs[i], gradients.empty() ? Tensor() : gradients[i], i));
  std::vector<Root> roots;
  for (std::size_t i = 0; i < outputs.size(); ++i) roots.push_back(root_at(outputs[i], std::move(first[i]), i));
  return roots;
}

}  // namespace

void Tensor::backward(const Tensor& gradient, bool retain_graph) const {
  Root root = root_at(*this, first_gradient(*this, gradient, 0), 0);
  Engine::run({&root, 1}, retain_graph);
}

void backward(const std::vector<Tensor>& tensors, const std::vector<Tensor>& gradients, bool retain_graph) {
  std::vector<Root> roots = roots_of(tensors, gradients);
  Engine::run(roots, retain_graph);
}

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, const GradOptions& options) {
  check<AutogradError>(!inputs.empty(), "`inputs` argument to `grad()` cannot be empty.");
  std::vector<Root> roots = roots_of(outputs, grad_outputs);
  std::vector<Capture> captures;
  std::vector<const void*> places;
  for (const Tensor& input : inputs) {
    check<AutogradError>(input.requires_grad(), "One of the differentiated Tensors does not require grad");
    captures.push_back({edge_to(*input.impl()), {}});
    places.push_back(captures.back().edge.place());
  }
  const auto place = [](const Capture& capture) { return capture.edge.place(); };
  std::ranges::sort(captures, std::less<>(), place);
  const auto is_same = [&](const Capture& a, const Capture& b) { return place(a) == place(b); };
  captures.erase(std::unique(captures.begin(), captures.end(), is_same), captures.end());
  Engine::run(roots, options.retain_graph, captures);

  std::vector<Tensor> gradients;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor& gradient = std::ranges::lower_bound(captures, places[i], std::less<>(), place)->gradient;
    check<AutogradError>(gradient.defined() || options.allow_unused, "The differentiated Tensor at index ", i,
                         " appears to not have been used in the graph. Set allow_unused=True if this is the desired "
                         "behavior.");
    gradients.push_back(gradient);
  }
  captures.clear();
  const NoGrad no_grad;
  for (Tensor& gradient : gradients)
    if (gradient.defined()) gradient = own(std::move(gradient));
  return gradients;
}

}  // namespace cairn
