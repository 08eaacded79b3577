// Cross-entropy from logits, and the mean squared error.

#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/rows.h>
#include <cairn/core/cpu/sum.h>

namespace cairn {
namespace {

enum : std::int32_t { none = 0, mean = 1 };

/// Log-probabilities of `rows` rows: x - max - log Σ exp(x - max), which cannot overflow. They lie row after row in
/// `log_p`, so that short rows share packets. `scratch` holds rows * (classes + 1) numbers.
template <class T>
void log_softmax(const T* x, std::int64_t row_stride, std::int64_t stride, std::int64_t rows, std::int64_t classes,
                 T* log_p, T* scratch) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* from = x + row * row_stride;
    T largest = from[0];
    for (std::int64_t c = 1; c < classes; ++c) {
      const T value = from[c * stride];
      if (value > largest || value != value) largest = value;
    }
    for (std::int64_t c = 0; c < classes; ++c) log_p[row * classes + c] = from[c * stride] - largest;
  }
  const std::int64_t count = rows * classes;
  for (std::int64_t i = 0; i < count; i += Packet<T>::size)
    store(scratch + i, 1, count - i, exp(load(log_p + i, 1, count - i)));
  T* sums = scratch + count;
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* exponentials = scratch + row * classes;
    sums[row] = sum_of<T>(classes, [&](std::int64_t c) { return exponentials[c]; });
  }
  for (std::int64_t i = 0; i < rows; i += Packet<T>::size)
    store(sums + i, 1, rows - i, log(load(sums + i, 1, rows - i)));
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t c = 0; c < classes; ++c) log_p[row * classes + c] -= sums[row];
}

/// What a row's target asks for: how much each class counts.
template <class T>
struct Targets {
  const std::int64_t* target;
  std::int64_t target_stride, classes, ignore_index;
  const T* weight;
  std::int64_t weight_stride;
  T confidence, smoothing;  // 1 - label_smoothing, label_smoothing / classes

  Targets(const View& t, const View& w, std::int64_t classes, const CrossEntropyAttributes& attributes)
      : target(data_of<std::int64_t>(t)),
        target_stride(t.rank > 0 ? t.strides[0] : 0),
        classes(classes),
        ignore_index(attributes.ignore_index),
        weight(w.present() ? data_of<T>(w) : nullptr),
        weight_stride(w.present() ? w.strides[0] : 0),
        confidence(static_cast<T>(1 - attributes.label_smoothing)),
        smoothing(static_cast<T>(attributes.label_smoothing / static_cast<double>(classes))) {}

  std::int64_t of(std::int64_t row) const { return target[row * target_stride]; }
  bool ignored(std::int64_t row) const { return of(row) == ignore_index; }
  bool counts(std::int64_t row) const { return !ignored(row) && of(row) >= 0 && of(row) < classes; }
  T weight_of(std::int64_t c) const { return weight ? weight[c * weight_stride] : T(1); }
  T weight_of_row(std::int64_t row) const { return counts(row) ? weight_of(of(row)) : T(0); }
};

/// The sum of the rows' weights, by which a mean is divided.
template <class T>
T total_weight(const Targets<T>& targets, std::int64_t rows) {
  return sum_of<T>(rows, [&](std::int64_t row) { return targets.weight_of_row(row); });
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
    if (targets.counts(row)) {
      T value = -targets.confidence * targets.weight_of_row(row) * p[targets.of(row)];
      if (targets.smoothing != 0)
        value -= targets.smoothing * sum_of<T>(classes, [&](std::int64_t c) { return targets.weight_of(c) * p[c]; });
      return value;
    }
    // The front refuses targets out of range where it can read them; elsewhere the loss shows it, and nothing is read
    // astray.
    return targets.ignored(row) ? T(0) : static_cast<T>(__builtin_nan(""));
  };
  constexpr std::int64_t bundle = 64;
  kernel_parallel_for((rows + bundle - 1) / bundle, rows * classes > 16384, [&](std::int64_t task) {
    const std::int64_t first = task * bundle, count = rows - first < bundle ? rows - first : bundle;
    Scratch<T> scratch(count * (classes + 1));
    log_softmax(data_of<T>(input) + first * input.strides[0], input.strides[0], input.strides[1], count, classes,
                log_p + first * classes, scratch.data());
    for (std::int64_t row = first; row < first + count; ++row) losses[row] = loss_of(row);
  });
  T* out = data_of<T>(loss);
  if (attributes.reduction == none) {
    for (std::int64_t row = 0; row < rows; ++row) out[row] = losses[row];
    return;
  }
  const T sum = sum_of<T>(rows, [&](std::int64_t row) { return losses[row]; });
  out[0] = attributes.reduction == mean ? sum / total_weight(targets, rows) : sum;
}

/// grad_input -> grad_loss, log_probabilities, target, [weight]
///
/// With q(c) what the target asks of class c, loss = -Σ q log p, so its gradient is p Σq - q.
template <class T>
void cross_entropy_backward(const KernelCall& call) {
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View &grad = call.operands[0], &g = call.operands[1], &log_p = call.operands[2];
  const std::int64_t rows = grad.dims[0], classes = grad.dims[1];
  const Targets<T> targets(call.operands[3], call.operands[4], classes, attributes);
  const T all_weights =
      targets.smoothing != 0 ? sum_of<T>(classes, [&](std::int64_t c) { return targets.weight_of(c); }) : T(0);
  const T divisor = attributes.reduction == mean ? total_weight(targets, rows) : T(1);
  const std::int64_t g_stride = attributes.reduction == none && g.rank > 0 ? g.strides[0] : 0;
  const auto scale_row = [&](std::int64_t row, T* to) {
    if (!targets.counts(row)) {
      for (std::int64_t c = 0; c < classes; ++c) to[c] = 0;
      return;
    }
    const T scale = data_of<T>(g)[row * g_stride] / divisor;
    const T asked = targets.confidence * targets.weight_of_row(row);
    const T factor = scale * (asked + targets.smoothing * all_weights);
    for (std::int64_t c = 0; c < classes; ++c) to[c] *= factor;
    if (targets.smoothing != 0)
      for (std::int64_t c = 0; c < classes; ++c) to[c] -= scale * targets.smoothing * targets.weight_of(c);
    to[targets.of(row)] -= scale * asked;
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

/// loss -> input, target
template <class T>
void mse_loss(const KernelCall& call) {
  const std::int32_t reduction = static_cast<const ReductionAttributes*>(call.attributes)->reduction;
  const View &loss = call.operands[0], &input = call.operands[1], &target = call.operands[2];
  const std::int64_t count = numel_of(input);
  Scratch<T> squares(reduction == none ? 0 : count);
  T* to = reduction == none ? data_of<T>(loss) : squares.data();
  // The squares lie row by row like the loss of reduction none, whatever the inputs' strides.
  std::int64_t strides[64], stride = 1;
  for (int d = input.rank - 1; d >= 0; --d) {
    strides[d] = stride;
    stride *= input.dims[d];
  }
  const View flat{to, input.dims, strides, input.rank, input.dtype};
  const T *a = data_of<T>(input), *b = data_of<T>(target);
  const Rows<3> rows({&flat, &input, &target});
  const std::int64_t so = rows.stride(0), sa = rows.stride(1), sb = rows.stride(2);
  rows.run([&](const std::int64_t(&at)[3], std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += Packet<T>::size) {
      const Packet<T> difference = load(a + at[1] + i * sa, sa, n - i) - load(b + at[2] + i * sb, sb, n - i);
      store(to + at[0] + i * so, so, n - i, difference * difference);
    }
  });
  if (reduction == none) return;
  const T sum = sum_of<T>(count, [&](std::int64_t i) { return squares[i]; });
  *data_of<T>(loss) = reduction == mean ? sum / static_cast<T>(count) : sum;
}

/// grad_input -> grad_loss, input, target
template <class T>
void mse_loss_backward(const KernelCall& call) {
  const std::int32_t reduction = static_cast<const ReductionAttributes*>(call.attributes)->reduction;
  const View &grad = call.operands[0], &g = call.operands[1], &input = call.operands[2], &target = call.operands[3];
  const Packet<T> factor(reduction == mean ? T(2) / static_cast<T>(numel_of(input)) : T(2));
  T* to = data_of<T>(grad);
  const T *from = data_of<T>(g), *a = data_of<T>(input), *b = data_of<T>(target);
  const Rows<4> rows({&grad, &g, &input, &target});
  const std::int64_t so = rows.stride(0), sg = rows.stride(1), sa = rows.stride(2), sb = rows.stride(3);
  rows.run([&](const std::int64_t(&at)[4], std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += Packet<T>::size) {
      const Packet<T> difference = load(a + at[2] + i * sa, sa, n - i) - load(b + at[3] + i * sb, sb, n - i);
      store(to + at[0] + i * so, so, n - i, factor * difference * load(from + at[1] + i * sg, sg, n - i));
    }
  });
}

}  // namespace

void add_loss_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::cross_entropy, cross_entropy<T>);
    table.set<T>(Operation::cross_entropy_backward, cross_entropy_backward<T>);
    table.set<T>(Operation::mse_loss, mse_loss<T>);
    table.set<T>(Operation::mse_loss_backward, mse_loss_backward<T>);
  });
}

}  // namespace cairn
