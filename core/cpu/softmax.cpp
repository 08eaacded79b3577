// Softmax over the last dimension, its logarithm, and their gradients, some rows at a time (softmax_rows.h).
//
//   x, any strides ──► rows, row after row: in y itself where y lies so, else in scratch memory ──► y, any strides
//
// so that the arithmetic meets nothing but rows side by side, whichever dimension the caller moved last.

#include <cairn/core/cpu/softmax_rows.h>
#include <cairn/core/joined_dims.h>

namespace cairn {
namespace {

/// Some rows: where each begins in every operand.
template <int operands>
struct Bundle {
  static constexpr std::int64_t most = 64;

  std::int64_t rows = 0, length = 0, stride[operands] = {};
  std::int64_t start[operands][most] = {};

  std::int64_t numbers() const { return rows * length; }
  /// Whether rows lie closer together than the numbers of a row.
  bool is_across(int operand) const {
    return rows > 1 && length > 1 && start[operand][1] - start[operand][0] < stride[operand];
  }
  /// Whether the operand's rows lie row after row.
  bool is_packed(int operand) const {
    if (stride[operand] != 1 && length > 1) return false;
    for (std::int64_t row = 1; row < rows; ++row)
      if (start[operand][row] != start[operand][0] + row * length) return false;
    return true;
  }
};

/// The rows of several operands, all of one shape, and where they begin.
template <int operands>
class RowsOf {
 public:
  explicit RowsOf(const View* const (&views)[operands]) : length_(views[0]->dims[views[0]->rank - 1]) {
    View outer[operands];
    const View* pointers[operands];
    for (int k = 0; k < operands; ++k) {
      outer[k] = views[k]->starts_of_rows();
      stride_[k] = views[k]->strides[outer[k].rank];
      pointers[k] = &outer[k];
    }
    outer_ = JoinedDims<operands>(pointers);
    for (int d = 0; d < outer_.rank; ++d) rows_ *= outer_.dims[d];
  }

  /// Calls f(bundle) for all rows, some at a time: about 4,096 numbers; at least one row, or what a line of the cache
  /// holds where rows lie side by side.
  template <class F>
  void run(F&& f) const {
    if (rows_ == 0 || length_ == 0) return;
    std::int64_t each = 1;
    for (int k = 0; k < operands; ++k)
      if (outer_.strides[0][k] < stride_[k]) each = 16;
    if (each * length_ < 4096) each = 4096 / length_;
    if (each > Bundle<operands>::most) each = Bundle<operands>::most;
    kernel_parallel_for((rows_ + each - 1) / each, rows_ * length_ > 16384, [&](std::int64_t task) {
      Bundle<operands> bundle;
      bundle.length = length_;
      for (int k = 0; k < operands; ++k) bundle.stride[k] = stride_[k];
      fill(bundle, task * each, rows_ - task * each < each ? rows_ - task * each : each);
      f(bundle);
    });
  }

 private:
  void fill(Bundle<operands>& bundle, std::int64_t first, std::int64_t count) const {
    std::int64_t index[JoinedDims<operands>::max_rank], offset[operands] = {}, rest = first;
    for (int d = 0; d < outer_.rank; ++d) {
      index[d] = rest % outer_.dims[d];
      rest /= outer_.dims[d];
      for (int k = 0; k < operands; ++k) offset[k] += index[d] * outer_.strides[d][k];
    }
    for (bundle.rows = 0; bundle.rows < count; ++bundle.rows) {
      for (int k = 0; k < operands; ++k) bundle.start[k][bundle.rows] = offset[k];
      for (int d = 0; d < outer_.rank; ++d) {
        for (int k = 0; k < operands; ++k) offset[k] += outer_.strides[d][k];
        if (++index[d] < outer_.dims[d]) break;
        for (int k = 0; k < operands; ++k) offset[k] -= outer_.dims[d] * outer_.strides[d][k];
        index[d] = 0;
      }
    }
  }

  std::int64_t rows_ = 1, length_, stride_[operands];
  JoinedDims<operands> outer_;
};

/// Calls f(packed number, own number) for the rows of an operand and a copy of them, row after row, in the order in
/// which the operand's lie in memory.
template <class T, int operands, class F>
void with_copy(const Bundle<operands>& bundle, int operand, T* own, T* packed, F&& f) {
  const std::int64_t *start = bundle.start[operand], rows = bundle.rows, length = bundle.length,
                     stride = bundle.stride[operand];
  if (bundle.is_across(operand)) {
    for (std::int64_t c = 0; c < length; ++c)
      for (std::int64_t row = 0; row < rows; ++row) f(packed[row * length + c], own[start[row] + c * stride]);
  } else {
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t c = 0; c < length; ++c) f(packed[row * length + c], own[start[row] + c * stride]);
  }
}

template <class T, int operands>
void gather(const Bundle<operands>& bundle, int operand, T* own, T* packed) {
  with_copy(bundle, operand, own, packed, [](T& copy, T& number) { copy = number; });
}

template <class T, int operands>
void scatter(const Bundle<operands>& bundle, int operand, T* own, T* packed) {
  with_copy(bundle, operand, own, packed, [](T& copy, T& number) { number = copy; });
}

/// An operand's rows of a bundle, row after row: where they lie, if they lie so, or in scratch memory.
template <class T, int operands>
class Packed {
 public:
  Packed(const Bundle<operands>& bundle, const View* views, int operand)
      : bundle_(bundle),
        operand_(operand),
        data_(data_of<T>(views[operand])),
        lies_so_(bundle.is_packed(operand)),
        scratch_(lies_so_ ? 0 : bundle.numbers()) {}

  T* numbers() { return lies_so_ ? data_ + bundle_.start[operand_][0] : scratch_.data(); }

  const T* read() {
    if (!lies_so_) gather(bundle_, operand_, data_, scratch_.data());
    return numbers();
  }
  void write() {
    if (!lies_so_) scatter(bundle_, operand_, data_, scratch_.data());
  }

 private:
  const Bundle<operands>& bundle_;
  int operand_;
  T* data_;
  bool lies_so_;
  Scratch<T> scratch_;
};

/// y -> x, for both operations
template <class T>
void softmax(const KernelCall& call) {
  const bool log = call.operation == Operation::log_softmax;
  const View &y = call.operands[0], &x = call.operands[1];
  RowsOf<2>({&y, &x}).run([&](const Bundle<2>& bundle) {
    const std::int64_t rows = bundle.rows, length = bundle.length;
    Packed<T, 2> results(bundle, call.operands, 0);
    T* to = results.numbers();
    const bool across = bundle.is_across(1);
    if (across) gather(bundle, 1, data_of<T>(x), to);
    for (std::int64_t row = 0; row < rows; ++row) {
      T* result = to + row * length;
      centre_row(across ? result : data_of<T>(x) + bundle.start[1][row], across ? 1 : bundle.stride[1], length, result);
    }
    Scratch<T> scratch(rows + (log ? bundle.numbers() : 0));
    if (log) {
      log_softmax_of_centred(rows, length, to, scratch.data());
    } else {
      exponentials(bundle.numbers(), to, to);
      sums_of_rows(rows, length, to, scratch.data());
      const auto value = [](auto exponential, auto sum) { return Softmax::value(exponential, sum); };
      for (std::int64_t row = 0; row < rows; ++row)
        map_row(length, to + row * length, scratch[row], value, to + row * length);
    }
    results.write();
  });
}

/// grad_x -> grad_y, y, for both operations
template <class T>
void softmax_backward(const KernelCall& call) {
  const bool log = call.operation == Operation::log_softmax_backward;
  const View &grad = call.operands[0], &grad_y = call.operands[1], &y = call.operands[2];
  RowsOf<3>({&grad, &grad_y, &y}).run([&](const Bundle<3>& bundle) {
    const std::int64_t length = bundle.length;
    Packed<T, 3> results(bundle, call.operands, 0), slopes(bundle, call.operands, 1), values(bundle, call.operands, 2);
    T* to = results.numbers();
    const T *g = slopes.read(), *p = values.read();
    if (log) {
      exponentials(bundle.numbers(), p, to);
      p = to;
    }
    const auto slope = [](auto g, auto p, auto sum) { return Softmax::gradient(g, p, sum); };
    const auto slope_of_log = [](auto g, auto p, auto sum) { return LogSoftmax::gradient(g, p, sum); };
    for (std::int64_t row = 0; row < bundle.rows; ++row, g += length, p += length, to += length) {
      if (log)
        map_row(length, to, sum_of<T>(length, [&](std::int64_t c) { return g[c]; }), slope_of_log, g, p);
      else
        map_row(length, to, sum_of<T>(length, [&](std::int64_t c) { return Softmax::term(g[c], p[c]); }), slope, g, p);
    }
    results.write();
  });
}

}  // namespace

void add_softmax_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::softmax, softmax<T>);
    table.set<T>(Operation::softmax_backward, softmax_backward<T>);
    table.set<T>(Operation::log_softmax, softmax<T>);
    table.set<T>(Operation::log_softmax_backward, softmax_backward<T>);
  });
}

}  // namespace cairn
