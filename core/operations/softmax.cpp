// Softmax and its logarithm: the dimension is moved last, in the operands and in the results, so that a kernel sees
// rows.

#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

struct Over {
  int dim;
};

/// The same numbers outside the graph, `dim` moved behind the others.
Tensor moved_last(const Tensor& x, int dim) {
  if (x.dim() == 0) return x.detach().view({1});
  if (dim == x.dim() - 1) return x.detach();
  Shape order;
  for (int i = 0; i < x.dim(); ++i)
    if (i != dim) order.push_back(i);
  order.push_back(dim);
  return x.detach().permute(order);
}

template <Operation backward>
void gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const int dim = node.attributes<Over>().dim;
  gradients[0] = make_tensor(g.shape(), g.dtype(), g.device());
  if (g.numel() == 0) return;
  const Tensor grad_x = moved_last(gradients[0], dim), grad_y = moved_last(g, dim), y = moved_last(node.saved(0), dim);
  dispatch(backward, g.dtype(), {&grad_x, &grad_y, &y});
}

template <Operation forward, Operation backward>
Tensor over_rows(const char* node_name, const Tensor& x, int given_dim) {
  const int dim = wrap_dim(given_dim, x.dim());
  Tensor y = make_tensor(x.shape(), x.dtype(), x.device());
  if (x.numel() > 0) {  // of no numbers every dtype has a softmax, as in PyTorch
    if (!is_floating_point(x.dtype())) {
      const char* place = dim >= x.dim() - 1 ? "_lastdim_kernel_impl" : "_kernel_impl";
      throw DTypeError(text('"', name(forward), place, "\" not implemented for '", scalar_type_name(x.dtype()), '\''),
                       {.hint = "it takes floating-point numbers: to(DType::float32)"});
    }
    const Tensor rows = moved_last(x, dim), results = moved_last(y, dim);
    dispatch(forward, x.dtype(), {&results, &rows});
  }
  if (Node* node = record(y, node_name, gradient<backward>, {&x})) {
    node->save_output(y);
    node->set_attributes(Over{dim});
  }
  return y;
}

}  // namespace

Tensor softmax(const Tensor& x, int dim) {
  return over_rows<Operation::softmax, Operation::softmax_backward>("SoftmaxBackward0", x, dim);
}
Tensor log_softmax(const Tensor& x, int dim) {
  return over_rows<Operation::log_softmax, Operation::log_softmax_backward>("LogSoftmaxBackward0", x, dim);
}

}  // namespace cairn
