#include <cairn/nn/embedding.h>

#include <cairn/core/autograd.h>
#include <cairn/core/ops.h>
#include <cairn/nn/child.h>
#include <cairn/nn/init.h>

namespace cairn::nn {
namespace {

Shape checked(std::int64_t num_embeddings, std::int64_t embedding_dim) {
  check<ValueError>(num_embeddings >= 0 && embedding_dim >= 0, "Embedding: num_embeddings ", num_embeddings,
                    " and embedding_dim ", embedding_dim, " must not be negative");
  return {num_embeddings, embedding_dim};
}

std::optional<std::int64_t> from_start(std::optional<std::int64_t> padding_idx, std::int64_t rows) {
  if (!padding_idx) return {};
  check<ValueError>(*padding_idx < rows && *padding_idx >= -rows, "Padding_idx must be within num_embeddings");
  return *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
}

}  // namespace

Embedding::Embedding(const Tensor& given, bool requires_grad, std::optional<std::int64_t> padding)
    : num_embeddings(given.size(0)),
      embedding_dim(given.size(1)),
      padding_idx(from_start(padding, num_embeddings)),
      weight(this, "weight", given, requires_grad) {}

Embedding::Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, const EmbeddingOptions& options)
    : Embedding(empty(checked(num_embeddings, embedding_dim), {.dtype = options.dtype, .device = options.device}), true,
                options.padding_idx) {
  reset_parameters(options.generator);
}

Embedding Embedding::from_pretrained(const Tensor& embeddings, bool freeze, std::optional<std::int64_t> padding_idx) {
  check<ShapeError>(embeddings.dim() == 2, "Embeddings parameter is expected to be 2-dimensional");
  return Embedding(embeddings, !freeze, padding_idx);
}

void Embedding::reset_parameters(const OptionalGenerator& generator) {
  init::normal_(weight, 0, 1, generator);
  const NoGrad no_grad;
  if (padding_idx) weight.select(0, *padding_idx).zero_();
}

Tensor Embedding::forward(const Tensor& indices) { return embedding(indices, weight, padding_idx); }

std::string Embedding::extra_repr() const {
  return text(num_embeddings, ", ", embedding_dim) + (padding_idx ? text(", padding_idx=", *padding_idx) : "");
}

Value Embedding::options() const {
  return {{"num_embeddings", num_embeddings},
          {"embedding_dim", embedding_dim},
          {"padding_idx", padding_idx ? Value(*padding_idx) : Value()}};
}
std::shared_ptr<Embedding> Embedding::from_options(const Value& options) {
  return make<Embedding>(options["num_embeddings"].as_int(), options["embedding_dim"].as_int(),
                         EmbeddingOptions{.padding_idx = options["padding_idx"].is_none()
                                                             ? std::nullopt
                                                             : std::optional(options["padding_idx"].as_int())});
}

}  // namespace cairn::nn
