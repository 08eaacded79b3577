// Losses, each one operation forward and one back.

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

void cross_entropy_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const auto attributes = node.attributes<CrossEntropyAttributes>();
  const Tensor& log_probabilities = node.saved(0);
  gradients[0] = make_tensor(log_probabilities.shape(), g.dtype(), g.device());
  dispatch(Operation::cross_entropy_backward, g.dtype(),
           {&gradients[0], &g, &log_probabilities, &node.saved(1), &node.saved(2)}, attributes);
}

void mse_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &input = node.saved(0), &target = node.saved(1);
  Tensor gradient = make_tensor(input.shape(), g.dtype(), g.device());
  dispatch(Operation::mse_loss_backward, g.dtype(), {&gradient, &g, &input, &target},
           node.attributes<ReductionAttributes>());
  if (node.needs(1)) gradients[1] = neg(gradient);
  if (node.needs(0)) gradients[0] = std::move(gradient);
}

/// A target out of range would read another row's numbers: refused before anything is computed, where the CPU can look.
void check_targets(const Tensor& target, std::int64_t classes, std::int64_t ignore_index) {
  const TensorImpl& impl = *target.impl();
  if (!impl.storage || !impl.storage->backend().host_memory || impl.numel == 0) return;
  const auto* values = static_cast<const std::int64_t*>(impl.data());
  const std::int64_t stride = impl.shape.rank() == 0 ? 0 : impl.strides[0];
  for (std::int64_t i = 0; i < impl.numel; ++i) {
    const std::int64_t value = values[i * stride];
    if (value != ignore_index && (value < 0 || value >= classes)) [[unlikely]]
      throw IndexError(text("Target ", value, " is out of bounds."));
  }
}

}  // namespace

Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options) {
  if (input.dim() == 1) {
    check<ShapeError>(target.dim() == 0, "Expected input batch_size (1) to match target batch_size (", target.numel(),
                      ").");
    const Tensor loss = cross_entropy(input.unsqueeze(0), target.unsqueeze(0), options);
    return options.reduction == Reduction::none ? loss.squeeze(0) : loss;
  }
  check<ShapeError>(input.dim() == 2, "cross_entropy: input must have shape [n, classes] or [classes], but has shape ",
                    input.shape());
  check<DTypeError>(target.dtype() == DType::int64, "expected scalar type Long but found ", name(target.dtype()),
                    "; class targets are int64");
  const std::int64_t rows = input.shape()[0], classes = input.shape()[1];
  check<ShapeError>(target.dim() == 1 && target.numel() == rows, "Expected input batch_size (", rows,
                    ") to match target batch_size (", target.numel(), ").");
  const Tensor& weight = options.weight;
  if (weight.defined()) {
    check<ShapeError>(weight.dim() == 1 && weight.numel() == classes, "weight tensor should be defined either for all ",
                      classes, " classes or no classes but got weight tensor of shape: ", Extents(weight.shape()));
    check<DTypeError>(weight.dtype() == input.dtype(), "expected scalar type ", name(input.dtype()), " but found ",
                      name(weight.dtype()), "; the weights of classes have the input's dtype");
  }
  check<ValueError>(options.label_smoothing >= 0 && options.label_smoothing <= 1,
                    "label_smoothing must be between 0.0 and 1.0. Got: ", options.label_smoothing);
  check_targets(target, classes, options.ignore_index);

  const CrossEntropyAttributes attributes{options.ignore_index, options.label_smoothing,
                                          static_cast<std::int32_t>(options.reduction)};
  const TensorImpl& given = *input.impl();
  Tensor loss = options.reduction == Reduction::none ? make_tensor({rows}, given.dtype, given.device)
                                                     : make_tensor({}, given.dtype, given.device);
  const Tensor log_probabilities = make_tensor(given.shape, given.dtype, given.device);
  dispatch(Operation::cross_entropy, given.dtype, {&loss, &log_probabilities, &input, &target, &weight}, attributes);
  if (Node* node = record(loss, "NllLossBackward0", cross_entropy_gradient, {&input})) {
    node->save(log_probabilities);
    node->save(target);
    node->save(weight);
    node->set_attributes(attributes);
  }
  return loss;
}

Tensor mse_loss(const Tensor& given_input, const Tensor& given_target, Reduction reduction) {
  const Shape shape = broadcast_shapes(given_input.shape(), given_target.shape());
  const DType dtype = promote_types(given_input.dtype(), given_target.dtype());
  const Tensor input = (given_input.shape() == shape ? given_input : given_input.expand(shape)).to(dtype);
  const Tensor target = (given_target.shape() == shape ? given_target : given_target.expand(shape)).to(dtype);
  const ReductionAttributes attributes{static_cast<std::int32_t>(reduction)};
  Tensor loss = make_tensor(reduction == Reduction::none ? shape : Shape{}, dtype, input.device());
  dispatch(Operation::mse_loss, dtype, {&loss, &input, &target}, attributes);
  if (Node* node = record(loss, "MseLossBackward0", mse_gradient, {&input, &target})) {
    node->save(input);
    node->save(target);
    node->set_attributes(attributes);
  }
  return loss;
}

}  // namespace cairn
