// The tables, and the inputs of their cases.
#include "operation_cases.h"

#include "operation_cases_families.h"

using namespace cairn;

namespace {

const Tables& tables() {
  static const Tables all = [] {
    Tables made;
    for (const auto add : {add_elementwise_cases, add_choosing_cases, add_reduction_cases, add_shape_cases,
                           add_indexing_cases, add_layer_cases, add_image_cases, add_loss_cases})
      add(made);
    return made;
  }();
  return all;
}

}  // namespace

const std::vector<Case>& small_cases() { return tables().small; }
const std::vector<Case>& awkward_cases() { return tables().awkward; }
const std::vector<Case>& whole_cases() { return tables().whole; }

Tensor laid_out(const Tensor& numbers, Layout layout, Device device) {
  const NoGrad no_grad;
  const Shape& shape = numbers.shape();
  if (layout == Layout::rows || shape.rank() == 0) return numbers.detach().contiguous().to(device);
  if (layout == Layout::repeated) {
    if (shape[0] < 2) return numbers.detach().contiguous().to(device);
    return numbers.narrow(0, 0, 1).contiguous().to(device).expand(shape).detach();
  }
  const auto room = [](std::int64_t extent) { return extent > 1 ? extent * 2 : extent; };
  Shape reversed, order;
  for (int i = shape.rank() - 1; i >= 0; --i) reversed.push_back(room(shape[i])), order.push_back(i);
  Tensor view = zeros(reversed, {.dtype = numbers.dtype(), .device = device}).permute(order);
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] > 1) view = view.slice(i, 0, shape[i] * 2, 2);
  view.copy_(numbers);
  return view.detach();
}

std::vector<Tensor> inputs_of(const Case& test, Layout layout, DType dtype, Device device) {
  const Generator generator(7);
  std::vector<Tensor> inputs;
  for (const Shape& shape : test.shapes) {
    const Tensor made = rand(shape, {.dtype = DType::float64}, generator) * (test.high - test.low) + test.low;
    for (double& value : made.data<double>())
      if (std::abs(value) < 0.05) value = 0.25;  // which every dtype holds
    Tensor input = laid_out(made.to(dtype), layout, device);
    if (is_floating_point(dtype)) input.requires_grad_();
    inputs.push_back(input);
  }
  return inputs;
}
