// Losses, each one operation forward and one back.

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>
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

void nll_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  gradients[0] = make_tensor(node.input_shape(0), g.dtype(), g.device());
  dispatch(Operation::nll_loss_backward, g.dtype(), {&gradients[0], &g, &node.saved(0), &node.saved(1)},
           node.attributes<CrossEntropyAttributes>());
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

/// One class for each row; for a row alone one, or a vector of one; for each place of [n, classes, places...] one.
void check_target_shape(const Tensor& input, const Tensor& target) {
  const Shape &given = input.shape(), &asked = target.shape();
  if (input.dim() == 1) {
    check<ShapeError>(target.numel() == 1,
                      "For 1D input, 1D target must have size 1, but got target size: ", target.numel());
    return;
  }
  const std::int64_t rows = given[0], targets = target.dim() > 0 ? asked[0] : 0;
  check<ShapeError>(rows == targets, "Expected input batch_size (", rows, ") to match target batch_size (", targets,
                    ").");
  if (input.dim() == 2) {
    check<ShapeError>(target.dim() == 1, "0D or 1D target tensor expected, multi-target not supported");
    return;
  }
  Shape expected{rows};
  for (int d = 2; d < input.dim(); ++d) expected.push_back(given[d]);
  if (input.dim() == 4) {
    check<ShapeError>(target.dim() == 3,
                      "only batches of spatial targets supported (3D tensors) but got targets of "
                      "dimension: ",
                      target.dim());
    check<ShapeError>(asked == expected, "size mismatch (got input: ", Extents(given), " , target: ", Extents(asked));
  }
  check<ShapeError>(asked == expected, "Expected target size ", Extents(expected), ", got ", Extents(asked));
}

void check_weight(const Tensor& weight, const Tensor& input, std::int64_t classes) {
  if (!weight.defined()) return;
  const bool fits = weight.dim() == 1 && weight.numel() == classes;
  check<ShapeError>(fits || input.dim() <= 2, "weight tensor should be defined either for all or no classes");
  check<ShapeError>(fits, "weight tensor should be defined either for all ", classes,
                    " classes or no classes but got weight tensor of shape: ", Extents(weight.shape()));
}

/// What PyTorch checks of classes, in its order.
void check_classes(const Tensor& input, const Tensor& target, const Tensor& weight, const char* kernel) {
  check_floating(input.dtype(), kernel);
  check_target_shape(input, target);
  check_weight(weight, input, input.size(input.dim() == 1 ? 0 : 1));
  check<DTypeError>(target.dtype() == DType::int64 || target.dtype() == DType::uint8,
                    "expected target dtype to be Long or Byte, but got ", scalar_type_name(target.dtype()));
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

Tensor nll_loss_of_rows(const char* node_name, const Tensor& input, const Tensor& target, const NllOptions& options) {
  const TensorImpl& impl = *input.impl();
  check_targets(target, impl.shape[1], options.ignore_index);
  const CrossEntropyAttributes attributes{options.ignore_index, 0, static_cast<std::int32_t>(options.reduction)};
  Tensor loss = make_tensor(options.reduction == Reduction::none ? target.shape() : Shape{}, impl.dtype, impl.device);
  dispatch(Operation::nll_loss, impl.dtype, {&loss, &input, &target, &options.weight}, attributes);
  if (Node* node = record(loss, node_name, nll_gradient, {&input})) {
    node->save(target);
    node->save(options.weight);
    node->set_attributes(attributes);
  }
  return loss;
}

/// Calls of_rows(input [rows, classes], target [rows] or a scalar) for input of any shape that has classes.
template <class F>
Tensor by_rows(const Tensor& input, const Tensor& target, F&& of_rows) {
  const Tensor classes = target.detach().to(DType::int64);
  if (input.dim() == 1) return of_rows(input.unsqueeze(0), classes.view({}));
  if (input.dim() == 2) return of_rows(input, classes);
  const Tensor loss = of_rows(input.flatten(2).transpose(1, 2).flatten(0, 1), classes.flatten());
  return loss.dim() == 0 ? loss : loss.view(target.shape());
}

}  // namespace

Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options) {
  check<ValueError>(input.defined() && target.defined(), "cross_entropy: input and target must be defined");
  if (is_plain_cross_entropy(*input.impl(), *target.impl(), options)) [[likely]]
    return cross_entropy_of_rows(input, target, options);
  check<ValueError>(options.label_smoothing >= 0 && options.label_smoothing <= 1,
                    "label_smoothing must be between 0.0 and 1.0. Got: ", stream_float(options.label_smoothing));
  check<ShapeError>(input.dim() > 0,
                    "cross_entropy: input must have shape [n, classes, ...] or [classes], but has shape ",
                    input.shape());
  check_classes(input, target, options.weight,
                input.numel() > 0 ? "log_softmax_lastdim_kernel_impl" : "nll_loss_out_frame");
  return by_rows(input, target, [&](const Tensor& rows, const Tensor& classes) {
    return cross_entropy_of_rows(rows, classes, options);
  });
}

Tensor nll_loss(const Tensor& input, const Tensor& target, const NllOptions& options) {
  check<ShapeError>(input.dim() > 0, "Expected 1 or more dimensions (got 0)");
  const bool of_places = input.dim() > 2;
  const char* node_name = of_places ? "NllLoss2DBackward0" : "NllLossBackward0";
  check_classes(input, target, options.weight, of_places ? "nll_loss2d_forward_out_frame" : "nll_loss_out_frame");
  return by_rows(input, target, [&](const Tensor& rows, const Tensor& classes) {
    return nll_loss_of_rows(node_name, rows, classes, options);
  });
}

}  // namespace cairn
