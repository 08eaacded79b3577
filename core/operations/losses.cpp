// Losses, each one operation forward and one back.

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>
#include <cairn/core/python_text.h>

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

/// One class for each row; for a row alone one, or a vector of one.
void check_target_shape(const Tensor& input, const Tensor& target) {
  if (input.dim() == 1) {
    check<ShapeError>(target.numel() == 1,
                      "For 1D input, 1D target must have size 1, but got target size: ", target.numel());
    return;
  }
  const std::int64_t rows = input.shape()[0], targets = target.dim() > 0 ? target.shape()[0] : 0;
  check<ShapeError>(rows == targets, "Expected input batch_size (", rows, ") to match target batch_size (", targets,
                    ").");
  check<ShapeError>(target.dim() == 1, "0D or 1D target tensor expected, multi-target not supported");
}

void check_weight_shape(const Tensor& weight, std::int64_t classes) {
  if (!weight.defined()) return;
  check<ShapeError>(weight.dim() == 1 && weight.numel() == classes, "weight tensor should be defined either for all ",
                    classes, " classes or no classes but got weight tensor of shape: ", Extents(weight.shape()));
}

/// What PyTorch checks, in its order.
void check_cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options) {
  check<ValueError>(options.label_smoothing >= 0 && options.label_smoothing <= 1,
                    "label_smoothing must be between 0.0 and 1.0. Got: ", stream_float(options.label_smoothing));
  check<ShapeError>(input.dim() == 1 || input.dim() == 2,
                    "cross_entropy: input must have shape [n, classes] or [classes], but has shape ", input.shape());
  check<DTypeError>(is_floating_point(input.dtype()), '"',
                    input.numel() > 0 ? "log_softmax_lastdim_kernel_impl" : "nll_loss_out_frame",
                    "\" not implemented for '", scalar_type_name(input.dtype()), '\'');
  check_target_shape(input, target);
  check_weight_shape(options.weight, input.size(-1));
  check<DTypeError>(target.dtype() == DType::int64 || target.dtype() == DType::uint8,
                    "expected target dtype to be Long or Byte, but got ", scalar_type_name(target.dtype()));
  const Tensor& weight = options.weight;
  check<DTypeError>(!weight.defined() || weight.dtype() == input.dtype(), "expected scalar type ",
                    scalar_type_name(input.dtype()), " but found ",
                    weight.defined() ? scalar_type_name(weight.dtype()) : "");
}

/// Floating rows, a class for each, no weights: what most calls are.
bool is_plain_cross_entropy(const TensorImpl& input, const TensorImpl& target, const CrossEntropyOptions& options) {
  return input.shape.rank() == 2 && is_floating_point(input.dtype) && target.shape.rank() == 1 &&
         target.dtype == DType::int64 && target.numel == input.shape[0] && !options.weight.defined() &&
         options.label_smoothing == 0;
}

Tensor cross_entropy_of_rows(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options) {
  const TensorImpl& impl = *input.impl();
  const Tensor& weight = options.weight;
  check_targets(target, impl.shape[1], options.ignore_index);

  const CrossEntropyAttributes attributes{options.ignore_index, options.label_smoothing,
                                          static_cast<std::int32_t>(options.reduction)};
  Tensor loss = options.reduction == Reduction::none ? make_tensor(target.shape(), impl.dtype, impl.device)
                                                     : make_tensor({}, impl.dtype, impl.device);
  const Tensor log_probabilities = make_tensor(impl.shape, impl.dtype, impl.device);
  dispatch(Operation::cross_entropy, impl.dtype, {&loss, &log_probabilities, &input, &target, &weight}, attributes);
  const char* node_name = options.label_smoothing > 0 ? "AddBackward0" : "NllLossBackward0";  // a sum, in PyTorch
  if (Node* node = record(loss, node_name, cross_entropy_gradient, {&input})) {
    node->save(log_probabilities);
    node->save(target);
    node->save(weight);
    node->set_attributes(attributes);
  }
  return loss;
}

}  // namespace

Tensor cross_entropy(const Tensor& given, const Tensor& given_target, const CrossEntropyOptions& options) {
  check<ValueError>(given.defined() && given_target.defined(), "cross_entropy: input and target must be defined");
  if (is_plain_cross_entropy(*given.impl(), *given_target.impl(), options)) [[likely]]
    return cross_entropy_of_rows(given, given_target, options);
  check_cross_entropy(given, given_target, options);
  const bool one_row = given.dim() == 1;
  return cross_entropy_of_rows(one_row ? given.unsqueeze(0) : given,
                               (one_row ? given_target.detach().view({}) : given_target).to(DType::int64), options);
}

Tensor mse_loss(const Tensor& given_input, const Tensor& given_target, Reduction reduction) {
  const Shape shape = broadcast_shapes(given_input.shape(), given_target.shape());
  const DType dtype = promote_types(given_input.dtype(), given_target.dtype());
  check<DTypeError>(is_floating_point(dtype), "\"mse_cpu\" not implemented for '", scalar_type_name(dtype), '\'');
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
