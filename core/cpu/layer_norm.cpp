// Layer normalisation of x [rows, length]: batch normalisation's formulas (batch_norm_formulas.h), a mean and a
// variance for each row, a weight and a bias for each column. All but the gradients of those two goes row by row.

#include <cairn/core/batch_norm_formulas.h>
#include <cairn/core/cpu/kernel.h>
#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/sum.h>

namespace cairn {
namespace {

namespace formulas = batch_norm_formulas;

/// Calls body(row) for every row of `length` numbers, several to a task.
template <class F>
void for_rows(std::int64_t rows, std::int64_t length, F&& body) {
  const std::int64_t bundle = length > 0 && length < 8192 ? (8192 + length - 1) / length : 1;
  kernel_parallel_for((rows + bundle - 1) / bundle, rows * length > 16384, [&](std::int64_t task) {
    const std::int64_t first = task * bundle, last = first + bundle < rows ? first + bundle : rows;
    for (std::int64_t row = first; row < last; ++row) body(row);
  });
}

/// A number for each column, or none.
template <class T>
struct PerColumn {
  const T* data;
  explicit PerColumn(const View& view) : data(view.present() ? data_of<T>(view) : nullptr) {}
  Packet<T> at(std::int64_t i, std::int64_t left, T otherwise) const {
    return data ? load(data + i, 1, left) : Packet<T>(otherwise);
  }
  T of(std::int64_t i) const { return data ? data[i] : T(1); }
};

/// y, mean, inverse_deviation -> x, [weight], [bias]
template <class T>
void layer_norm(const KernelCall& call) {
  const double eps = static_cast<const NormAttributes*>(call.attributes)->eps;
  const std::int64_t rows = call.operands[3].dims[0], length = call.operands[3].dims[1];
  T *means = data_of<T>(call.operands[1]), *inverses = data_of<T>(call.operands[2]);
  const PerColumn<T> weight(call.operands[4]), bias(call.operands[5]);
  for_rows(rows, length, [&](std::int64_t row) {
    const T* x = data_of<T>(call.operands[3]) + row * length;
    T* y = data_of<T>(call.operands[0]) + row * length;
    const T mean = formulas::mean(sum_of<T>(length, [&](std::int64_t i) { return x[i]; }), length);
    const T squares = sum_of<T>(length, [&](std::int64_t i) { return formulas::squared_deviation(x[i], mean); });
    const T inverse = formulas::inverse_deviation(formulas::mean(squares, length), eps);
    means[row] = mean;
    inverses[row] = inverse;
    for (std::int64_t i = 0; i < length; i += Packet<T>::size) {
      const std::int64_t left = length - i;
      const Packet<T> normalised = formulas::normalised(load(x + i, 1, left), Packet<T>(mean), Packet<T>(inverse));
      store(y + i, 1, left, normalised * weight.at(i, left, 1) + bias.at(i, left, 0));
    }
  });
}

/// grad_x, [grad_weight], [grad_bias] -> grad_y, x, mean, inverse_deviation, [weight]
template <class T>
void layer_norm_backward(const KernelCall& call) {
  const View &grad_weight = call.operands[1], &grad_bias = call.operands[2];
  const std::int64_t rows = call.operands[4].dims[0], length = call.operands[4].dims[1];
  const T *g = data_of<T>(call.operands[3]), *x = data_of<T>(call.operands[4]);
  const T *means = data_of<T>(call.operands[5]), *inverses = data_of<T>(call.operands[6]);
  const PerColumn<T> weight(call.operands[7]);
  const auto normalised = [&](std::int64_t row, std::int64_t i) {
    return formulas::normalised(x[row * length + i], means[row], inverses[row]);
  };
  for_rows(rows, length, [&](std::int64_t row) {
    const T *from = g + row * length, *numbers = x + row * length;
    T* to = data_of<T>(call.operands[0]) + row * length;
    const T mean_g = formulas::mean(sum_of<T>(length, [&](std::int64_t i) { return from[i] * weight.of(i); }), length);
    const T mean_gx = formulas::mean(
        sum_of<T>(length, [&](std::int64_t i) { return from[i] * weight.of(i) * normalised(row, i); }), length);
    const Packet<T> mean(means[row]), inverse(inverses[row]);
    for (std::int64_t i = 0; i < length; i += Packet<T>::size) {
      const std::int64_t left = length - i;
      const Packet<T> centred = formulas::normalised(load(numbers + i, 1, left), mean, inverse);
      store(to + i, 1, left,
            formulas::gradient(load(from + i, 1, left) * weight.at(i, left, 1), centred, inverse, Packet<T>(mean_g),
                               Packet<T>(mean_gx)));
    }
  });
  if (!grad_weight.present() && !grad_bias.present()) return;
  const std::int64_t groups = (length + sum_columns_at_once - 1) / sum_columns_at_once;
  kernel_parallel_for(groups, rows * length > 32768, [&](std::int64_t group) {
    const std::int64_t first = group * sum_columns_at_once, rest = length - first;
    const int columns = static_cast<int>(rest < sum_columns_at_once ? rest : sum_columns_at_once);
    const auto gradient = [&](std::int64_t row, int j) { return g[row * length + first + j]; };
    const auto along = [&](std::int64_t row, int j) { return gradient(row, j) * normalised(row, first + j); };
    if (grad_weight.present())
      sum_columns<T>(rows, columns, along, [&](int j, T sum) { data_of<T>(grad_weight)[first + j] = sum; });
    if (grad_bias.present())
      sum_columns<T>(rows, columns, gradient, [&](int j, T sum) { data_of<T>(grad_bias)[first + j] = sum; });
  });
}

}  // namespace

void add_layer_norm_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::layer_norm, layer_norm<T>);
    table.set<T>(Operation::layer_norm_backward, layer_norm_backward<T>);
  });
}

}  // namespace cairn
