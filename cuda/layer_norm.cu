// Layer normalisation of x [rows, length] (core/batch_norm_formulas.h), all operands row by row in memory.
//
//   forward    threads share rows (rows.h): mean, deviation, result, with x read three times and nothing stored between
//   backward   rows: means of g weight and of it times x̂, then dL/dx      columns: sums of g and g x̂, weight and bias
#include <cairn/core/batch_norm_formulas.h>
#include <cairn/cuda/rows.h>

namespace cairn::cuda {
namespace {

namespace formulas = batch_norm_formulas;

/// A number for each column, or none.
template <class T>
struct PerColumn {
  const T* data;
  explicit PerColumn(const View& view) : data(data_or_null<T>(view)) {}
  __device__ Computed<T> of(std::int64_t i, int otherwise) const {
    return data ? static_cast<Computed<T>>(data[i]) : static_cast<Computed<T>>(otherwise);
  }
};

template <class T>
struct Statistics {
  Computed<T>*means, *inverses;

  Statistics(const View& mean, const View& inverse) : means(of(mean)), inverses(of(inverse)) {}
  static Computed<T>* of(const View& view) {
    if (view.dtype != dtype_of<Computed<T>>)
      throw Failure{Status::invalid,
                    "layer_norm: the mean and the inverse deviation must be float32 for 16-bit inputs, and of the "
                    "input's dtype for others"};
    return data_of<Computed<T>>(view);
  }
};

template <class T>
__global__ void __launch_bounds__(block_size)
    normalise_rows(RowShape shape, double eps, T* y, const T* x, Statistics<T> statistics, PerColumn<T> weight,
                   PerColumn<T> bias) {
  using C = Computed<T>;
  __shared__ C part[sum_units][sum_lanes + 1];
  const Team team(shape);
  const std::int64_t start = team.live ? team.row * team.length : 0;
  const auto number = [&](std::int64_t i) { return static_cast<C>(x[start + i]); };
  const C mean = formulas::mean(sum_of_row(part, team, number), team.length);
  const C squares =
      sum_of_row(part, team, [&](std::int64_t i) { return formulas::squared_deviation(number(i), mean); });
  const C inverse = formulas::inverse_deviation(formulas::mean(squares, team.length), eps);
  team.each([&](std::int64_t i) {
    y[start + i] = T(formulas::normalised(number(i), mean, inverse) * weight.of(i, 1) + bias.of(i, 0));
  });
  if (!team.live || team.member() != 0) return;
  statistics.means[team.row] = mean;
  statistics.inverses[team.row] = inverse;
}

/// y, mean, inverse_deviation -> x, [weight], [bias]
template <class T>
void layer_norm(Context& context, const KernelCall& call) {
  const View& x = call.operands[3];
  const RowShape shape(x.dims[0], x.dims[1], false);
  launch(context, normalise_rows<T>, shape.blocks(), shape, static_cast<const NormAttributes*>(call.attributes)->eps,
         data_of<T>(call.operands[0]), data_of<T>(x), Statistics<T>(call.operands[1], call.operands[2]),
         PerColumn<T>(call.operands[4]), PerColumn<T>(call.operands[5]));
}

template <class T>
__global__ void __launch_bounds__(block_size) gradient_of_rows(RowShape shape, T* grad_x, const T* grad_y, const T* x,
                                                               Statistics<T> statistics, PerColumn<T> weight) {
  using C = Computed<T>;
  __shared__ C part[sum_units][sum_lanes + 1];
  const Team team(shape);
  const std::int64_t row = team.live ? team.row : 0, start = row * team.length;
  const C mean = statistics.means[row], inverse = statistics.inverses[row];
  const auto g = [&](std::int64_t i) { return static_cast<C>(grad_y[start + i]) * weight.of(i, 1); };
  const auto normalised = [&](std::int64_t i) {
    return formulas::normalised(static_cast<C>(x[start + i]), mean, inverse);
  };
  const C mean_g = formulas::mean(sum_of_row(part, team, g), team.length);
  const C mean_gx =
      formulas::mean(sum_of_row(part, team, [&](std::int64_t i) { return g(i) * normalised(i); }), team.length);
  team.each([&](std::int64_t i) {
    grad_x[start + i] = T(formulas::gradient(g(i), normalised(i), inverse, mean_g, mean_gx));
  });
}

/// g and g x̂ of a column.
template <class T>
struct ColumnTerms {
  static constexpr int operands = 1;
  const T *g, *x;
  std::int64_t length;
  Statistics<T> statistics;
  Evenly places;
  using C = Computed<T>;
  __device__ std::int64_t start(std::int64_t column) const { return column; }
  __device__ Pair<C> value(std::int64_t column, const Offsets<1>& row) const {
    const std::int64_t at = row[0] * length + column;
    const C gradient = static_cast<C>(g[at]);
    const C normalised =
        formulas::normalised(static_cast<C>(x[at]), statistics.means[row[0]], statistics.inverses[row[0]]);
    return {gradient, gradient * normalised};
  }
};

template <class T>
struct FinishColumns {
  T *grad_weight, *grad_bias;
  __device__ void operator()(std::int64_t column, const Pair<Computed<T>>& sums) const {
    if (grad_bias) grad_bias[column] = T(sums.a);
    if (grad_weight) grad_weight[column] = T(sums.b);
  }
};

/// grad_x, [grad_weight], [grad_bias] -> grad_y, x, mean, inverse_deviation, [weight]
template <class T>
void layer_norm_backward(Context& context, const KernelCall& call) {
  const View& x = call.operands[4];
  const std::int64_t rows = x.dims[0], length = x.dims[1];
  const T* g = data_of<T>(call.operands[3]);
  const Statistics<T> statistics(call.operands[5], call.operands[6]);
  const RowShape shape(rows, length, false);
  launch(context, gradient_of_rows<T>, length > 0 ? shape.blocks() : 0, shape, data_of<T>(call.operands[0]), g,
         data_of<T>(x), statistics, PerColumn<T>(call.operands[7]));
  const FinishColumns<T> finish{data_or_null<T>(call.operands[1]), data_or_null<T>(call.operands[2])};
  if (!finish.grad_weight && !finish.grad_bias) return;
  run_sums<Pair<Computed<T>>>(context, length, rows, outputs_lie_closer({length, 1}, {rows, length}),
                              ColumnTerms<T>{g, data_of<T>(x), length, statistics, {1}}, finish);
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::layer_norm, layer_norm<T>);
    table.set<T>(Operation::layer_norm_backward, layer_norm_backward<T>);
  }
};

}  // namespace

void add_layer_norm_kernels(KernelTable& table) { for_each_type(FloatTypes{}, Enter{table}); }

}  // namespace cairn::cuda
