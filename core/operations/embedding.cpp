// Rows of a table, by number: index_select of the rows, with a gradient that leaves one row alone.

#include <cairn/core/autograd.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

struct Padding {
  std::int64_t row;
};

/// Adds each gradient to its row, in the order of the indices.
void embedding_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor& index = node.saved(0);
  const Shape& shape = node.input_shape(0);
  const std::int64_t count = index.numel(), width = shape[1];
  gradients[0] = zeros(shape, {.dtype = g.dtype(), .device = g.device()});
  gradients[0].scatter_add_(0, index.view({count, 1}).expand({count, width}), g.reshape({count, width}));
  const std::int64_t padding = node.attributes<Padding>().row;
  if (padding >= 0) gradients[0].select(0, padding).zero_();
}

/// "torch.FloatTensor", as PyTorch calls a kind of tensor.
std::string tensor_type(DType dtype) {
  return dtype == DType::boolean ? "CPUBoolType" : text("torch.", scalar_type_name(dtype), "Tensor");
}

}  // namespace

Tensor embedding(const Tensor& indices, const Tensor& weight, std::optional<std::int64_t> padding_idx) {
  check<ShapeError>(weight.dim() == 2, "'weight' must be 2-D");
  const std::int64_t rows = weight.shape()[0], padding = padding_idx.value_or(-1);
  check<ValueError>(!padding_idx || (padding < rows && padding >= -rows), "Padding_idx must be within num_embeddings");
  check<DTypeError>(indices.dtype() == DType::int64 || indices.dtype() == DType::int32,
                    "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
                    "but got ",
                    tensor_type(indices.dtype()), " instead (while checking arguments for embedding)");
  const Tensor index = indices.detach().to(DType::int64).contiguous().view({indices.numel()});
  Shape shape = indices.shape();
  shape.push_back(weight.shape()[1]);
  Tensor y = index_select(weight.detach(), 0, index).view(shape).detach();
  if (Node* node = record(y, "EmbeddingBackward0", embedding_gradient, {&weight})) {
    node->save(index);
    node->set_attributes(Padding{padding_idx && padding < 0 ? padding + rows : padding});
  }
  return y;
}

}  // namespace cairn
