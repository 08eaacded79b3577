// Matrix products through cuBLAS (blas.h).
//
// cuBLAS takes matrices whose rows or columns are contiguous, and batches evenly apart. Others are brought into that
// form:
//
//   neither rows nor columns contiguous, or expanded    copied into scratch memory first
//   batches that broadcast in several dimensions        a call for each place in the outer ones
//   one b for all a's, which lie row after row          one product of all rows
//
// A bias is written into y first, and the product added to it. cuBLAS has no products of whole numbers: those have a
// plain kernel, a chain for each element.
#include <cairn/cuda/blas.h>
#include <cairn/cuda/elementwise.h>
#include <cairn/cuda/sum.h>

namespace cairn::cuda {
namespace {

/// y ← x, or 0 where there is no x: as bits, so that one instance serves all types of a size.
template <class Bits>
struct Assign {
  Bits* y;
  const Bits* x;
  using Loaded = Bits;
  __device__ Loaded load(const Offsets<2>& at) const { return x ? x[at[1]] : Bits(0); }
  __device__ void store(const Offsets<2>& at, Loaded bits) const { y[at[0]] = bits; }
};

template <class Bits>
void assign_bits(Context& context, const View& y, const View& x) {
  const View& from = x.present() ? x : y;
  run_elementwise<2>(context, {&y, &from}, Assign<Bits>{data_of<Bits>(y), data_or_null<Bits>(x)});
}

void assign(Context& context, const View& y, const View& x) {
  switch (size_of(y.dtype)) {
    case 2:
      return assign_bits<std::uint16_t>(context, y, x);
    case 4:
      return assign_bits<std::uint32_t>(context, y, x);
    default:
      return assign_bits<std::uint64_t>(context, y, x);
  }
}

constexpr View nothing{nullptr, nullptr, nullptr, -1, DType::float32};

/// A view with dimensions of its own, to be changed.
struct OwnView {
  std::int64_t dims[64], strides[64];
  View view;

  explicit OwnView(const View& of) : view{of.data, dims, strides, of.rank, of.dtype} {
    for (int d = 0; d < of.rank; ++d) {
      dims[d] = of.dims[d];
      strides[d] = of.strides[d];
    }
  }
  OwnView(const OwnView&) = delete;
};

struct Transposed : OwnView {
  explicit Transposed(const View& of) : OwnView(of) {
    std::swap(dims[of.rank - 2], dims[of.rank - 1]);
    std::swap(strides[of.rank - 2], strides[of.rank - 1]);
  }
};

/// How cuBLAS can take a matrix, if it can; where an extent is 1 its stride means nothing.
struct Form {
  bool fits, transposed;
  std::int64_t leading;

  static Form of(const View& a) {
    const std::int64_t rows = a.dims[a.rank - 2], columns = a.dims[a.rank - 1];
    const std::int64_t row = a.strides[a.rank - 2], column = a.strides[a.rank - 1];
    if ((column == 1 || columns == 1) && (rows == 1 || row >= columns)) return {true, false, rows == 1 ? columns : row};
    if ((row == 1 || rows == 1) && (columns == 1 || column >= rows)) return {true, true, columns == 1 ? rows : column};
    return {false, false, columns};
  }
};

/// An operand as cuBLAS takes it: itself, or a copy, in which matrices that were expanded stand once.
class Operand {
 public:
  Operand(Context& context, const View& a) : own_(a), form_(Form::of(a)), copy_(context, form_.fits ? 0 : compact()) {
    if (form_.fits) return;
    OwnView to(a), from(a);
    for (int d = 0; d < a.rank; ++d) {
      to.strides[d] = own_.strides[d];
      if (d < a.rank - 2 && own_.strides[d] == 0) to.dims[d] = from.dims[d] = 1;
    }
    own_.view.data = to.view.data = copy_.data();
    assign(context, to.view, from.view);
  }

  View batches() const { return {own_.view.data, own_.dims, own_.strides, own_.view.rank - 2, own_.view.dtype}; }
  const Form& form() const { return form_; }
  BlasMatrix matrix(std::int64_t offset, std::int64_t batch) const {
    const auto size = static_cast<std::int64_t>(size_of(own_.view.dtype));
    return {static_cast<const char*>(own_.view.data) + offset * size, form_.leading, batch, form_.transposed};
  }

 private:
  /// Strides of the copy; returns its size in bytes.
  std::int64_t compact() {
    std::int64_t count = 1;
    for (int d = own_.view.rank - 1; d >= 0; --d) {
      const bool once = d < own_.view.rank - 2 && (own_.strides[d] == 0 || own_.dims[d] == 1);
      own_.strides[d] = once ? 0 : count;
      if (!once) count *= own_.dims[d];
    }
    return count * static_cast<std::int64_t>(size_of(own_.view.dtype));
  }

  OwnView own_;
  Form form_;
  Scratch<char> copy_;
};

/// y [..., m, n] ← a [..., m, k] b [..., k, n] (+ y when `add`); y is contiguous.
void multiply(Context& context, const View& y, const View& a, const View& b, bool add) {
  const std::int64_t n = y.dims[y.rank - 1], k = a.dims[a.rank - 1];
  std::int64_t m = y.dims[y.rank - 2];
  if (numel_of(y) == 0) return;
  if (k == 0) {
    if (!add) assign(context, y, nothing);
    return;
  }
  const Operand left(context, a), right(context, b);
  const View y_batches{y.data, y.dims, y.strides, y.rank - 2, y.dtype};
  const View a_batches = left.batches(), b_batches = right.batches();
  const JoinedDims<3> batches({&y_batches, &a_batches, &b_batches});
  std::int64_t products = batches.dims[0];
  const std::int64_t c_batch = batches.strides[0][0], a_batch = batches.strides[0][1], b_batch = batches.strides[0][2];
  if (products > 1 && b_batch == 0 && !left.form().transposed && a_batch == m * left.form().leading &&
      c_batch == m * n) {
    m *= products;
    products = 1;
  }
  Blas& blas = context.gpu.blas();
  const auto size = static_cast<std::int64_t>(size_of(y.dtype));
  std::int64_t calls = 1;
  for (int d = 1; d < batches.rank; ++d) calls *= batches.dims[d];
  for (std::int64_t i = 0; i < calls; ++i) {
    std::int64_t rest = i, offset[3] = {};
    for (int d = 1; d < batches.rank; ++d) {
      for (int operand = 0; operand < 3; ++operand)
        offset[operand] += rest % batches.dims[d] * batches.strides[d][operand];
      rest /= batches.dims[d];
    }
    blas.multiply({.dtype = y.dtype,
                   .m = m,
                   .n = n,
                   .k = k,
                   .products = products,
                   .a = left.matrix(offset[1], a_batch),
                   .b = right.matrix(offset[2], b_batch),
                   .c = static_cast<char*>(y.data) + offset[0] * size,
                   .c_leading = n,
                   .c_batch = c_batch,
                   .add = add},
                  context.stream);
  }
}

void matmul(Context& context, const KernelCall& call) {
  multiply(context, call.operands[0], call.operands[1], call.operands[2], false);
}

/// y -> rows of a, columns of b: an operand's offset is where its row or column begins.
struct Chain {
  std::int64_t* y;
  const std::int64_t *a, *b;
  std::int64_t k, a_step, b_step;
  using Loaded = Number<std::int64_t>;
  __device__ Loaded load(const Offsets<3>& at) const {
    Loaded sum(0);
    for (std::int64_t p = 0; p < k; ++p) sum = sum + Loaded(a[at[1] + p * a_step]) * Loaded(b[at[2] + p * b_step]);
    return sum;
  }
  __device__ void store(const Offsets<3>& at, Loaded sum) const { y[at[0]] = sum.value; }
};

void matmul_of_integers(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &a = call.operands[1], &b = call.operands[2];
  OwnView rows(a), columns(b);
  rows.dims[a.rank - 1] = 1;
  columns.dims[b.rank - 2] = 1;
  run_elementwise<3>(context, {&y, &rows.view, &columns.view},
                     Chain{data_of<std::int64_t>(y), data_of<std::int64_t>(a), data_of<std::int64_t>(b),
                           a.dims[a.rank - 1], a.strides[a.rank - 1], b.strides[b.rank - 2]});
}

/// y [rows, out] -> x [rows, in], weight [out, in], [bias [out]]
void linear(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &bias = call.operands[3];
  const Transposed weight(call.operands[2]);
  if (bias.present()) assign(context, y, bias);
  multiply(context, y, call.operands[1], weight.view, bias.present());
}

/// The columns of g.
template <class T>
struct Columns {
  static constexpr int operands = 1;
  const T* g;
  std::int64_t stride;
  Evenly places;
  __device__ const T* start(std::int64_t j) const { return g + j * stride; }
  __device__ Computed<T> value(const T* from, const Offsets<1>& at) const {
    return static_cast<Computed<T>>(from[at[0]]);
  }
};

template <class T>
struct Store {
  T* to;
  __device__ void operator()(std::int64_t j, Computed<T> sum) const { to[j] = T(sum); }
};

/// [grad_x], [grad_weight], [grad_bias] -> grad_y, x, weight
template <class T>
void linear_backward(Context& context, const KernelCall& call) {
  const View &grad_x = call.operands[0], &grad_weight = call.operands[1], &grad_bias = call.operands[2];
  const View &g = call.operands[3], &x = call.operands[4], &weight = call.operands[5];
  if (grad_x.present()) multiply(context, grad_x, g, weight, false);
  if (grad_weight.present()) multiply(context, grad_weight, Transposed(g).view, x, false);
  if (grad_bias.present())
    run_sums<Computed<T>>(context, g.dims[1], g.dims[0],
                          outputs_lie_closer({g.dims[1], g.strides[1]}, {g.dims[0], g.strides[0]}),
                          Columns<T>{data_of<T>(g), g.strides[1], {g.strides[0]}}, Store<T>{data_of<T>(grad_bias)});
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::matmul, matmul);
    table.set<T>(Operation::linear, linear);
    table.set<T>(Operation::linear_backward, linear_backward<T>);
  }
};

}  // namespace

void add_matmul_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, Enter{table});
  table.set<std::int64_t>(Operation::matmul, matmul_of_integers);
}

}  // namespace cairn::cuda
