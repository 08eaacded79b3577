// Losses element by element, each one operation forward and one back.

#include <cmath>

#include <cairn/core/attributes.h>
#include <cairn/core/autograd.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

Tensor in_shape(const Tensor& tensor, const Shape& shape) {
  return tensor.shape() == shape ? tensor : tensor.expand(shape);
}

Tensor reduced(const Tensor& losses, Reduction reduction) {
  if (reduction == Reduction::none) return losses;
  return reduction == Reduction::mean ? losses.mean() : losses.sum();
}

/// A loss of input, target and, where the operation has them, weights: all of one shape and dtype.
Tensor loss(Operation operation, const char* node_name, GradientFunction gradient, const Tensor& input,
            const Tensor& target, std::initializer_list<const Tensor*> weights, const ReductionAttributes& attributes) {
  const bool whole = attributes.reduction != static_cast<std::int32_t>(Reduction::none);
  Tensor loss = make_tensor(whole ? Shape{} : input.shape(), input.dtype(), input.device());
  const Tensor* operands[5] = {&loss, &input, &target};
  std::size_t count = 3;
  for (const Tensor* weight : weights) operands[count++] = weight;
  dispatch(operation, input.dtype(), std::span<const Tensor* const>(operands, count), &attributes, sizeof attributes);
  if (Node* node = record(loss, node_name, gradient, {&input, &target})) {
    for (std::size_t i = 1; i < count; ++i) node->save(*operands[i]);
    node->set_attributes(attributes);
  }
  return loss;
}

/// The gradient of the input, from what `loss` saved.
template <Operation backward, int inputs>
Tensor input_gradient(Node& node, const Tensor& g) {
  Tensor gradient = make_tensor(node.saved(0).shape(), g.dtype(), g.device());
  const Tensor* operands[inputs + 2] = {&gradient, &g};
  for (int i = 0; i < inputs; ++i) operands[i + 2] = &node.saved(i);
  const auto attributes = node.attributes<ReductionAttributes>();
  dispatch(backward, g.dtype(), operands, &attributes, sizeof attributes);
  return gradient;
}

/// Of a loss of the difference, in which input and target may change places.
template <Operation backward>
void difference_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const auto attributes = node.attributes<ReductionAttributes>();
  for (int i = 0; i < 2; ++i) {
    if (!node.needs(i)) continue;
    gradients[i] = make_tensor(node.saved(i).shape(), g.dtype(), g.device());
    dispatch(backward, g.dtype(), {&gradients[i], &g, &node.saved(i), &node.saved(1 - i)}, attributes);
  }
}

/// Input and target, broadcast and promoted.
Tensor difference_loss(Operation operation, const char* node_name, GradientFunction gradient, const char* kernel,
                       const Tensor& input, const Tensor& target, const ReductionAttributes& attributes) {
  const Shape shape = broadcast_shapes(input.shape(), target.shape());
  const DType dtype = promote_types(input.dtype(), target.dtype());
  check_floating(dtype, kernel);
  return loss(operation, node_name, gradient, in_shape(input, shape).to(dtype), in_shape(target, shape).to(dtype), {},
              attributes);
}

/// What the gradient of a target is multiplied with, as the kernels do for that of the input.
Tensor scaled(Node& node, const Tensor& g, const Tensor& slope, const Tensor& weight) {
  const auto mean = static_cast<std::int32_t>(Reduction::mean);
  const Tensor gradient = g * slope * weight;
  if (node.attributes<ReductionAttributes>().reduction != mean) return gradient;
  return gradient / static_cast<double>(slope.numel());
}

void binary_cross_entropy_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &input = node.saved(0), &weight = node.saved(2);
  if (node.needs(0)) gradients[0] = input_gradient<Operation::binary_cross_entropy_backward, 3>(node, g);
  if (!node.needs(1)) return;
  gradients[1] = scaled(node, g, log(1 - input) - log(input), weight);
}

/// The loss is linear in the target: (pos_weight - 1) (-log σ(x)) - x is its slope.
void logits_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &input = node.saved(0), &weight = node.saved(2), &pos_weight = node.saved(3);
  if (node.needs(0)) gradients[0] = input_gradient<Operation::binary_cross_entropy_with_logits_backward, 4>(node, g);
  if (!node.needs(1)) return;
  const Tensor surprise = binary_cross_entropy_with_logits(input, ones_like(input), {.reduction = Reduction::none});
  const Tensor slope = where(pos_weight == 1, neg(input), (pos_weight - 1) * surprise - input);
  gradients[1] = scaled(node, g, slope, weight);
}

void check_no_gradient(const Tensor& weight, const char* function, const char* which) {
  check<AutogradError>(!weight.defined() || !weight.requires_grad(), "The function '", function,
                       "' is not differentiable with respect to argument '", which,
                       "'. This input cannot have requires_grad True.");
}

/// A weight for every element: those given, broadcast, or 1.
Tensor weight_like(const Tensor& input, const Tensor& weight) {
  if (!weight.defined()) return full({}, 1, {.dtype = input.dtype(), .device = input.device()}).expand(input.shape());
  const Shape shape = broadcast_shapes(input.shape(), weight.shape());
  check<ShapeError>(shape == input.shape(), "output with shape ", Extents(input.shape()),
                    " doesn't match the broadcast shape ", Extents(shape));
  return in_shape(weight.to(input.dtype()), shape);
}

/// Where the host can look.
void check_between_0_and_1(const Tensor& numbers, const char* which) {
  const TensorImpl& impl = *numbers.impl();
  if (!impl.storage || !impl.storage->backend().host_memory || impl.numel == 0) return;
  const NoGrad no_grad;
  check<ValueError>(amin(numbers).item() >= 0 && amax(numbers).item() <= 1, "all elements of ", which,
                    " should be between 0 and 1");
}

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return difference_loss(Operation::mse_loss, "MseLossBackward0", difference_gradient<Operation::mse_loss_backward>,
                         "mse_cpu", input, target, {static_cast<std::int32_t>(reduction)});
}

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return reduced(abs(sub(input, target)), reduction);
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, double beta) {
  check<ValueError>(!(beta < 0), "smooth_l1_loss does not support negative values for beta.");
  if (beta == 0) return l1_loss(input, target, reduction);
  return difference_loss(Operation::smooth_l1_loss, "SmoothL1LossBackward0",
                         difference_gradient<Operation::smooth_l1_loss_backward>, "smooth_l1_cpu", input, target,
                         {static_cast<std::int32_t>(reduction), beta});
}

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const BinaryCrossEntropyOptions& options) {
  check<ShapeError>(input.shape() == target.shape(), "Using a target size (", target.shape(),
                    ") that is different to the input size (", input.shape(),
                    ") is deprecated. Please ensure they have the same size.");
  check_no_gradient(options.weight, "binary_cross_entropy", "weight");
  check<DTypeError>(input.dtype() == target.dtype(), "Found dtype ", scalar_type_name(target.dtype()), " but expected ",
                    scalar_type_name(input.dtype()));
  check_floating(input.dtype(), "binary_cross_entropy");
  const Tensor weight = weight_like(input, options.weight);
  check_between_0_and_1(input, "input");
  check_between_0_and_1(target, "target");
  return loss(Operation::binary_cross_entropy, "BinaryCrossEntropyBackward0", binary_cross_entropy_gradient, input,
              target, {&weight}, {static_cast<std::int32_t>(options.reduction)});
}

Tensor binary_cross_entropy_with_logits(const Tensor& given_input, const Tensor& given_target,
                                        const BinaryCrossEntropyWithLogitsOptions& options) {
  const char* function = "binary_cross_entropy_with_logits";
  check<ShapeError>(given_input.shape() == given_target.shape(), "Target size (", given_target.shape(),
                    ") must be the same as input size (", given_input.shape(), ")");
  check_no_gradient(options.weight, function, "weight");
  check_no_gradient(options.pos_weight, function, "pos_weight");
  const DType dtype = promote_types(given_input.dtype(), given_target.dtype());
  check_floating(given_input.dtype(), "log_sigmoid_cpu");
  check<DTypeError>(is_floating_point(given_target.dtype()), "result type ", scalar_type_name(dtype),
                    " can't be cast to the desired output type ", scalar_type_name(given_target.dtype()));
  const Tensor input = given_input.to(dtype), target = given_target.to(dtype);
  const Tensor weight = weight_like(input, options.weight), pos_weight = weight_like(input, options.pos_weight);
  return loss(Operation::binary_cross_entropy_with_logits, "BinaryCrossEntropyWithLogitsBackward0", logits_gradient,
              input, target, {&weight, &pos_weight}, {static_cast<std::int32_t>(options.reduction)});
}

}  // namespace cairn
