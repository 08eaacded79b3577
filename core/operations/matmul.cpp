// Matrix products, and the layer y = x Wᵀ + b, which is one operation forward and one back.
//
// Here one kernel multiplies batches of matrices. PyTorch has one for each form of its operands, and a user sees by its
// texts and by the names of its nodes which one it took:
//
//   vector · vector   dot          matrix · matrix                   mm
//   matrix · vector   mv           more dimensions · at most two     mm or mv of all rows, where that copies nothing
//   vector · matrix   mm           others                            bmm
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

/// With g = dL/dy of y = a b:  dL/da = g bᵀ,  dL/db = aᵀ g. Batches that were broadcast are summed by the engine.
void matmul_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = matmul(g, node.saved(1).transpose(-1, -2));
  if (node.needs(1)) gradients[1] = matmul(node.saved(0).transpose(-1, -2), g);
}

void view_gradient(Node& node, const Tensor& g, Tensor* gradients) { gradients[0] = g.reshape(node.input_shape(0)); }

/// A new tensor's numbers in another shape.
Tensor reshaped(const char* node_name, const Tensor& y, const Shape& shape) {
  Tensor view = make_view(y, shape, contiguous_strides(shape), 0);
  record(view, node_name, view_gradient, {&y});
  return view;
}

// Which product PyTorch takes: it checks what the product checks, in its order, and gives the name of the last node.

[[noreturn]] void throw_no_bool(const char* kernel) {
  throw DTypeError(text('"', kernel, "\" not implemented for 'Bool'"));
}
bool is_bool_product(const Tensor& a, std::int64_t results) {
  return a.dtype() == DType::boolean && results > 0 && a.numel() > 0;
}

const char* check_dot(const Tensor& a, const Tensor& b) {
  check<DTypeError>(a.dtype() == b.dtype(), "dot : expected both vectors to have same dtype, but found ",
                    scalar_type_name(a.dtype()), " and ", scalar_type_name(b.dtype()));
  check<ShapeError>(a.numel() == b.numel(), "inconsistent tensor size, expected tensor ", Extents(a.shape()),
                    " and src ", Extents(b.shape()), " to have the same number of elements, but got ", a.numel(),
                    " and ", b.numel(), " elements respectively");
  if (a.dtype() == DType::boolean) throw_no_bool("dot");
  return "DotBackward0";
}

/// `matrix` stands for all its rows.
const char* check_mv(const Tensor& matrix, std::int64_t rows, std::int64_t columns, const Tensor& vector) {
  check<ShapeError>(columns == vector.numel(), "size mismatch, got input (", rows, "), mat (", rows, 'x', columns,
                    "), vec (", vector.numel(), ')');
  check<DTypeError>(matrix.dtype() == vector.dtype(), "addmv input tensors must have the same dtype, but got ",
                    scalar_type_name(vector.dtype()), ", ", scalar_type_name(matrix.dtype()), ", and ",
                    scalar_type_name(vector.dtype()));
  if (is_bool_product(matrix, rows)) throw_no_bool("addmv_impl_cpu");
  return "MvBackward0";
}

const char* check_mm(const Tensor& a, std::int64_t m, std::int64_t k, const Tensor& b, std::int64_t k_of_b,
                     std::int64_t n) {
  check<ShapeError>(k == k_of_b, "mm: mat1 and mat2 shapes cannot be multiplied (", m, 'x', k, " and ", k_of_b, 'x', n,
                    ')');
  check<DTypeError>(a.dtype() == b.dtype(),
                    "expected m1 and m2 to have the same dtype, but got: ", native_name(a.dtype()),
                    " != ", native_name(b.dtype()));
  if (is_bool_product(a, m * n)) throw_no_bool("addmm_impl_cpu_");
  return "MmBackward0";
}

const char* check_bmm(const Tensor& a, const Tensor& b, const Shape& batch) {
  const std::int64_t count = batch.numel();
  const std::int64_t k = a.size(-1), k_of_b = b.size(b.dim() == 1 ? -1 : -2);
  check<ShapeError>(k == k_of_b, "Expected size for first two dimensions of batch2 tensor to be: [", count, ", ", k,
                    "] but got: [", count, ", ", k_of_b, "].");
  if (is_bool_product(a, count * b.numel())) throw_no_bool("bmm");
  check<DTypeError>(a.dtype() == b.dtype(), "expected scalar type ", scalar_type_name(a.dtype()), " but found ",
                    scalar_type_name(b.dtype()));
  return "UnsafeViewBackward0";
}

/// Whether all rows of `larger`, its last two dimensions swapped if `swapped`, go through one product with `smaller`.
bool folds(const Tensor& larger, const Tensor& smaller, bool swapped) {
  const int rank = larger.dim();
  if (rank < 3 || smaller.dim() > 2) return false;
  if (smaller.requires_grad()) return true;
  if (swapped && smaller.dim() == 2) return false;
  Shape shape = larger.shape(), strides = larger.strides();
  if (swapped) {
    std::swap(shape[rank - 1], shape[rank - 2]);
    std::swap(strides[rank - 1], strides[rank - 2]);
  }
  for (int i = 0; i + 2 < rank && larger.numel() > 0; ++i)
    if (strides[i] != strides[i + 1] * shape[i + 1]) return false;
  return true;
}

/// Extents before the last two.
Shape batch_of(const Tensor& x) {
  Shape batch;
  for (int i = 0; i + 2 < x.dim(); ++i) batch.push_back(x.shape()[i]);
  return batch;
}

const char* check_product(const Tensor& a, const Tensor& b) {
  if (a.dim() == 1 && b.dim() == 1) return check_dot(a, b);
  if (a.dim() == 2 && b.dim() == 1) return check_mv(a, a.size(0), a.size(1), b);
  if (a.dim() == 1 && b.dim() == 2) return check_mm(a, 1, a.size(0), b, b.size(0), b.size(1)), "SqueezeBackward4";
  if (a.dim() == 2 && b.dim() == 2) return check_mm(a, a.size(0), a.size(1), b, b.size(0), b.size(1));
  if (a.dim() == 3 && b.dim() == 3 && a.size(0) != b.size(0)) {  // a batch of one matrix is a matrix
    if (a.size(0) == 1 && a.requires_grad()) return check_product(a.squeeze(0), b);
    if (b.size(0) == 1 && b.requires_grad()) return check_product(a, b.squeeze(0));
  }
  const bool swapped = a.dim() < b.dim();
  const Tensor &larger = swapped ? b : a, &smaller = swapped ? a : b;
  if (!folds(larger, smaller, swapped)) return check_bmm(a, b, broadcast_shapes(batch_of(a), batch_of(b)));
  std::int64_t rows = larger.size(swapped ? -1 : -2);
  for (const std::int64_t extent : batch_of(larger)) rows *= extent;
  const std::int64_t columns = larger.size(swapped ? -2 : -1);
  if (smaller.dim() == 1) return check_mv(larger, rows, columns, smaller), "UnsafeViewBackward0";
  check_mm(larger, rows, columns, smaller, smaller.size(swapped ? 1 : 0), smaller.size(swapped ? 0 : 1));
  if (!swapped) return "UnsafeViewBackward0";
  const bool lies_so = a.size(0) == 1 || b.size(-1) == 1 || b.numel() == 0;  // once transposed back
  return lies_so ? "TransposeBackward0" : "CloneBackward0";
}

/// Both at least matrices that fit, of one dtype.
Tensor matmul_matrices(const char* node_name, const Tensor& a, const Tensor& b) {
  Shape shape = broadcast_shapes(batch_of(a), batch_of(b));
  shape.push_back(a.size(-2));
  shape.push_back(b.size(-1));
  Tensor y = make_tensor(shape, a.dtype(), a.device());
  dispatch(Operation::matmul, a.dtype(), {&y, &a, &b});
  if (Node* node = record(y, node_name, matmul_gradient, {&a, &b})) {
    node->save(a);
    node->save(b);
  }
  return y;
}

/// x [n, in] as rows; weight [out, in].
void linear_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor& x = node.saved(0);
  const Tensor& weight = node.saved(1);
  const TensorImpl& given = *g.impl();
  const auto wanted = [&](int i, const Shape& shape) {
    return node.needs(i) ? make_tensor(shape, given.dtype, given.device) : Tensor();
  };
  gradients[0] = wanted(0, x.impl()->shape);
  gradients[1] = wanted(1, weight.impl()->shape);
  gradients[2] = wanted(2, {weight.impl()->shape[0]});
  dispatch(Operation::linear_backward, given.dtype, {&gradients[0], &gradients[1], &gradients[2], &g, &x, &weight});
}

/// x [n, in], all as the kernel wants it.
Tensor linear_rows(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const TensorImpl& input = *x.impl();
  Tensor y = make_tensor({input.shape[0], weight.impl()->shape[0]}, input.dtype, input.device);
  dispatch(Operation::linear, input.dtype, {&y, &x, &weight, &bias});
  if (Node* node =
          record(y, bias.defined() ? "AddmmBackward0" : "MmBackward0", linear_gradient, {&x, &weight, &bias})) {
    node->save(x);
    node->save(weight);
  }
  return y;
}

/// x of any rank but 2.
Tensor linear_of_all_rows(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const bool added_last = bias.defined() && !x.is_contiguous();  // in PyTorch
  const char* node_name = added_last                        ? "AddBackward0"
                          : x.dim() == 1 && !bias.defined() ? "SqueezeBackward4"
                                                            : "UnsafeViewBackward0";
  Shape shape = x.shape();
  const std::int64_t in = shape[x.dim() - 1];
  shape[x.dim() - 1] = 1;
  const std::int64_t rows = shape.numel();
  shape[x.dim() - 1] = weight.shape()[0];
  return reshaped(node_name, linear_rows(x.reshape({rows, in}), weight, bias), shape);
}

/// What PyTorch's addmm checks before a product of rows that a bias is added to.
void check_addmm(const Tensor& x, std::int64_t rows, const Tensor& weight, const Tensor& bias) {
  check<ShapeError>(weight.dim() == 2, "addmm: mat2 must be a matrix, got ", weight.dim(), "-D tensor");
  check<DTypeError>(bias.dtype() == weight.dtype(), "self and mat2 must have the same dtype, but got ",
                    scalar_type_name(bias.dtype()), " and ", scalar_type_name(weight.dtype()));
  check<DTypeError>(x.dtype() == weight.dtype(), "mat1 and mat2 must have the same dtype, but got ",
                    scalar_type_name(x.dtype()), " and ", scalar_type_name(weight.dtype()));
  const std::int64_t out = weight.shape()[0], in = weight.shape()[1];
  check<ShapeError>(x.size(-1) == in, "addmm: mat1 and mat2 shapes cannot be multiplied (", rows, 'x', x.size(-1),
                    " and ", in, 'x', out, ')');
  bias.detach().expand({rows, out});  // throws
}

/// Whatever is not plain: other dtypes, a weight that is a vector, a bias that broadcasts, and mistakes.
Tensor linear_in_steps(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check<ShapeError>(x.dim() > 0 && weight.dim() > 0, "both arguments to linear need to be at least 1D, but they are ",
                    x.dim(), "D and ", weight.dim(), 'D');
  const Tensor columns = weight.t();
  if (bias.defined() && (x.dim() == 2 || (bias.dim() == 1 && x.is_contiguous()))) {
    std::int64_t rows = 1;
    for (int i = 0; i + 1 < x.dim(); ++i) rows *= x.shape()[i];
    check_addmm(x, rows, weight, bias);
    if (is_floating_point(x.dtype()) && bias.dim() < 2)
      return linear(x, weight, bias.expand({weight.shape()[0]}).contiguous());
  }
  const Tensor y = matmul(x, columns);
  return bias.defined() ? y.add_(bias) : y;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check<ShapeError>(a.dim() > 0 && b.dim() > 0, "both arguments to matmul need to be at least 1D, but they are ",
                    a.dim(), "D and ", b.dim(), 'D');
  const char* node_name = check_product(a, b);
  const DType computed = computed_dtype(a.dtype());
  if (computed != a.dtype()) return matmul(a.to(computed), b.to(computed)).to(a.dtype());
  if (a.dim() > 1 && b.dim() > 1) return matmul_matrices(node_name, a, b);
  const Tensor left = a.dim() == 1 ? a.unsqueeze(0) : a, right = b.dim() == 1 ? b.unsqueeze(1) : b;
  const Tensor y = matmul_matrices("", left, right);
  Shape shape = batch_of(y);
  if (a.dim() > 1) shape.push_back(a.size(-2));
  if (b.dim() > 1) shape.push_back(b.size(-1));
  return reshaped(node_name, y, shape);
}

namespace {

/// Floating rows by a weight, and a bias or none: what most calls are.
bool is_plain_linear(const TensorImpl& x, const TensorImpl& weight, const TensorImpl* bias) {
  const int rank = x.shape.rank();
  return rank > 0 && weight.shape.rank() == 2 && x.shape[rank - 1] == weight.shape[1] && x.dtype == weight.dtype &&
         is_floating_point(x.dtype) &&
         (!bias || (bias->shape.rank() == 1 && bias->shape[0] == weight.shape[0] && bias->dtype == x.dtype));
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check<ValueError>(x.defined() && weight.defined(), "linear: input and weight must be defined");
  if (!is_plain_linear(*x.impl(), *weight.impl(), bias.impl())) [[unlikely]]
    return linear_in_steps(x, weight, bias);
  return x.impl()->shape.rank() == 2 ? linear_rows(x, weight, bias) : linear_of_all_rows(x, weight, bias);
}

}  // namespace cairn
