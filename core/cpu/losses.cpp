// Cross-entropy from logits, and negative log-likelihood (loss_formulas.h).

#include <cairn/core/cpu/softmax_rows.h>
#include <cairn/core/loss_formulas.h>

namespace cairn {
namespace {

/// The sum of the rows' weights, by which a mean is divided.
template <class T>
T total_weight(const Targets<T>& targets, std::int64_t rows) {
  if (!targets.weight) {  // each 1: a sum that is exact in any order
    std::int64_t count = 0;
    for (std::int64_t row = 0; row < rows; ++row) count += targets.counts(targets.of(row));
    return static_cast<T>(count);
  }
  return sum_of<T>(rows, [&](std::int64_t row) { return targets.weight_of_target(targets.of(row)); });
}

/// loss, log_probabilities -> input, target, [weight]
template <class T>
void cross_entropy(const KernelCall& call) {
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View &loss = call.operands[0], &input = call.operands[2];
  const std::int64_t rows = input.dims[0], classes = input.dims[1];
  const Targets<T> targets(call.operands[3], call.operands[4], classes, attributes);
  T* log_p = data_of<T>(call.operands[1]);
  Scratch<T> losses(rows);
  const auto loss_of = [&](std::int64_t row) {
    const T* p = log_p + row * classes;
    const std::int64_t target = targets.of(row);
    if (!targets.counts(target)) return targets.loss_of_uncounted(target);
    const T value = targets.loss(target, p[target]);
    if (targets.smoothing == 0) return value;
    return targets.smoothed(value, sum_of<T>(classes, [&](std::int64_t c) { return targets.weight_of(c) * p[c]; }));
  };
  constexpr std::int64_t bundle = 64;
  kernel_parallel_for((rows + bundle - 1) / bundle, rows * classes > 16384, [&](std::int64_t task) {
    const std::int64_t first = task * bundle, count = rows - first < bundle ? rows - first : bundle;
    Scratch<T> scratch(count * (classes + 1));
    for (std::int64_t row = first; row < first + count; ++row)
      centre_row(data_of<T>(input) + row * input.strides[0], input.strides[1], classes, log_p + row * classes);
    log_softmax_of_centred(count, classes, log_p + first * classes, scratch.data());
    for (std::int64_t row = first; row < first + count; ++row) losses[row] = loss_of(row);
  });
  T* out = data_of<T>(loss);
  if (attributes.reduction == LossReduction::none) {
    for (std::int64_t row = 0; row < rows; ++row) out[row] = losses[row];
    return;
  }
  const T sum = sum_of<T>(rows, [&](std::int64_t row) { return losses[row]; });
  out[0] = attributes.reduction == LossReduction::mean ? sum / total_weight(targets, rows) : sum;
}

/// grad_input -> grad_loss, log_probabilities, target, [weight]
template <class T>
void cross_entropy_backward(const KernelCall& call) {
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View &grad = call.operands[0], &g = call.operands[1], &log_p = call.operands[2];
  const std::int64_t rows = grad.dims[0], classes = grad.dims[1];
  const Targets<T> targets(call.operands[3], call.operands[4], classes, attributes);
  const T all_weights =
      targets.smoothing != 0 ? sum_of<T>(classes, [&](std::int64_t c) { return targets.weight_of(c); }) : T(0);
  const T divisor = attributes.reduction == LossReduction::mean ? total_weight(targets, rows) : T(1);
  const std::int64_t g_stride = attributes.reduction == LossReduction::none && g.rank > 0 ? g.strides[0] : 0;
  const auto scale_row = [&](std::int64_t row, T* to) {
    const std::int64_t target = targets.of(row);
    if (!targets.counts(target)) {
      for (std::int64_t c = 0; c < classes; ++c) to[c] = 0;
      return;
    }
    const TargetSlope<T> slope(targets, target, data_of<T>(g)[row * g_stride], divisor, all_weights);
    for (std::int64_t c = 0; c < classes; ++c) to[c] = slope.scaled(to[c]);
    if (targets.smoothing != 0)
      for (std::int64_t c = 0; c < classes; ++c) to[c] = slope.smoothed(to[c], targets.weight_of(c));
    to[target] = slope.at_target(to[target]);
  };
  constexpr std::int64_t bundle = 64;
  kernel_parallel_for((rows + bundle - 1) / bundle, rows * classes > 16384, [&](std::int64_t task) {
    const std::int64_t first = task * bundle, count = rows - first < bundle ? rows - first : bundle;
    T* to = data_of<T>(grad) + first * classes;
    const T* p = data_of<T>(log_p) + first * classes;
    for (std::int64_t i = 0; i < count * classes; i += Packet<T>::size)
      store(to + i, 1, count * classes - i, exp(load(p + i, 1, count * classes - i)));
    for (std::int64_t row = 0; row < count; ++row) scale_row(first + row, to + row * classes);
  });
}

/// loss -> input, target, [weight]
template <class T>
void nll_loss(const KernelCall& call) {
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View& input = call.operands[1];
  const std::int64_t rows = input.dims[0];
  const Targets<T> targets(call.operands[2], call.operands[3], input.dims[1], attributes);
  const T* x = data_of<T>(input);
  const auto loss_of = [&](std::int64_t row) {
    const std::int64_t target = targets.of(row);
    if (!targets.counts(target)) return targets.loss_of_uncounted(target);
    return targets.loss(target, x[row * input.strides[0] + target * input.strides[1]]);
  };
  T* out = data_of<T>(call.operands[0]);
  if (attributes.reduction == LossReduction::none) {
    for (std::int64_t row = 0; row < rows; ++row) out[row] = loss_of(row);
    return;
  }
  const T sum = sum_of<T>(rows, loss_of);
  out[0] = attributes.reduction == LossReduction::mean ? sum / total_weight(targets, rows) : sum;
}

/// grad_input -> grad_loss, target, [weight]
template <class T>
void nll_loss_backward(const KernelCall& call) {
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View &grad = call.operands[0], &g = call.operands[1];
  const std::int64_t rows = grad.dims[0], classes = grad.dims[1];
  const Targets<T> targets(call.operands[2], call.operands[3], classes, attributes);
  const T divisor = attributes.reduction == LossReduction::mean ? total_weight(targets, rows) : T(1);
  const std::int64_t g_stride = attributes.reduction == LossReduction::none && g.rank > 0 ? g.strides[0] : 0;
  T* to = data_of<T>(grad);
  for (std::int64_t i = 0; i < rows * classes; ++i) to[i] = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t target = targets.of(row);
    if (targets.counts(target))
      to[row * classes + target] =
          TargetSlope<T>(targets, target, data_of<T>(g)[row * g_stride], divisor, 0).at_target(0);
  }
}

}  // namespace

void add_loss_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::cross_entropy, cross_entropy<T>);
    table.set<T>(Operation::cross_entropy_backward, cross_entropy_backward<T>);
    table.set<T>(Operation::nll_loss, nll_loss<T>);
    table.set<T>(Operation::nll_loss_backward, nll_loss_backward<T>);
  });
}

}  // namespace cairn
