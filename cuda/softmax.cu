// Softmax over the last dimension, its logarithm, and their gradients (core/softmax_formulas.h): rows of any strides,
// as the caller moved any dimension last. A row's numbers are read for its largest, for its sum, and to be written.
#include <cairn/cuda/rows.h>

namespace cairn::cuda {
namespace {

/// The dimensions that count rows.
template <int operands>
JoinedDims<operands> without_last(const View* views) {
  View outer[operands];
  const View* pointers[operands];
  for (int k = 0; k < operands; ++k) {
    outer[k] = views[k].starts_of_rows();
    pointers[k] = &outer[k];
  }
  return JoinedDims<operands>(pointers);
}

/// The rows of several operands: where each begins, and how far apart its numbers lie.
template <int operands>
struct RowsOf {
  RowShape shape;
  Places<operands> starts;
  std::int64_t strides[operands];

  /// `most_read` is the operand whose memory the threads follow.
  RowsOf(const View* views, int most_read) : RowsOf(views, most_read, without_last<operands>(views)) {}

 private:
  RowsOf(const View* views, int most_read, const JoinedDims<operands>& outer)
      : shape(rows_in(outer), views[0].dims[views[0].rank - 1], false), starts(outer) {
    for (int k = 0; k < operands; ++k) strides[k] = views[k].strides[views[k].rank - 1];
    const Spacing terms{shape.length, strides[most_read]};
    shape = RowShape(shape.rows, shape.length, outputs_lie_closer(starts.spacing(most_read), terms));
  }

  static std::int64_t rows_in(const JoinedDims<operands>& outer) {
    std::int64_t rows = 1;
    for (int d = 0; d < outer.rank; ++d) rows *= outer.dims[d];
    return rows;
  }
};

template <class T>
__global__ void __launch_bounds__(block_size) softmax_rows(RowsOf<2> rows, bool log, T* y, const T* x) {
  using C = Computed<T>;
  __shared__ C part[sum_units][sum_lanes + 1];
  const Team team(rows.shape);
  const Offsets<2> start = rows.starts.of(team.live ? team.row : 0);
  const T* from = x + start[1];
  const auto value = [&](std::int64_t c) { return static_cast<C>(from[c * rows.strides[1]]); };

  const C largest = largest_of_row(part, team, value);
  const auto exponential = [&](std::int64_t c) { return std::exp(value(c) - largest); };
  const C sum = sum_of_row(part, team, exponential);
  const C log_sum = log ? std::log(sum) : C(0);
  T* to = y + start[0];
  team.each([&](std::int64_t c) {
    to[c * rows.strides[0]] =
        T(log ? LogSoftmax::value(value(c) - largest, log_sum) : Softmax::value(exponential(c), sum));
  });
}

template <class T>
__global__ void __launch_bounds__(block_size)
    softmax_gradients(RowsOf<3> rows, bool log, T* grad_x, const T* grad_y, const T* y) {
  using C = Computed<T>;
  __shared__ C part[sum_units][sum_lanes + 1];
  const Team team(rows.shape);
  const Offsets<3> start = rows.starts.of(team.live ? team.row : 0);
  const T *gradients = grad_y + start[1], *values = y + start[2];
  const auto g = [&](std::int64_t c) { return static_cast<C>(gradients[c * rows.strides[1]]); };
  const auto value = [&](std::int64_t c) { return static_cast<C>(values[c * rows.strides[2]]); };

  const C sum = sum_of_row(part, team, [&](std::int64_t c) { return log ? g(c) : Softmax::term(g(c), value(c)); });
  T* to = grad_x + start[0];
  team.each([&](std::int64_t c) {
    to[c * rows.strides[0]] =
        T(log ? LogSoftmax::gradient(g(c), std::exp(value(c)), sum) : Softmax::gradient(g(c), value(c), sum));
  });
}

/// y -> x, for both operations
template <class T>
void softmax(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1];
  const RowsOf<2> rows(call.operands, 1);
  launch(context, softmax_rows<T>, rows.shape.blocks(), rows, call.operation == Operation::log_softmax, data_of<T>(y),
         data_of<T>(x));
}

/// grad_x -> grad_y, y, for both operations
template <class T>
void softmax_backward(Context& context, const KernelCall& call) {
  const View &grad_x = call.operands[0], &grad_y = call.operands[1], &y = call.operands[2];
  const RowsOf<3> rows(call.operands, 2);
  launch(context, softmax_gradients<T>, rows.shape.blocks(), rows, call.operation == Operation::log_softmax_backward,
         data_of<T>(grad_x), data_of<T>(grad_y), data_of<T>(y));
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::softmax, softmax<T>);
    table.set<T>(Operation::softmax_backward, softmax_backward<T>);
    table.set<T>(Operation::log_softmax, softmax<T>);
    table.set<T>(Operation::log_softmax_backward, softmax_backward<T>);
  }
};

}  // namespace

void add_softmax_kernels(KernelTable& table) { for_each_type(FloatTypes{}, Enter{table}); }

}  // namespace cairn::cuda
