// A table of learned rows, one for each word or other thing that is counted: numbers in, rows out.
#pragma once

#include <cstdint>
#include <optional>

#include <cairn/core/random.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx =
      {};  ///< A row that begins as zeros and is not trained; may count from the end.
  Device device = {};
  DType dtype = DType::float32;
  OptionalGenerator generator = {};  ///< Of the initial numbers.
};

/// Indices of any shape, int64 or int32 -> [indices..., embedding_dim]. Begins normally distributed, as PyTorch's.
class Embedding : public Module {
 public:
  /// Throws ValueError for negative sizes and for a padding_idx that is no row.
  Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, const EmbeddingOptions& options = {});

  /// One with these rows [num_embeddings, embedding_dim], which are not trained if `freeze`.
  static Embedding from_pretrained(const Tensor& embeddings, bool freeze = true,
                                   std::optional<std::int64_t> padding_idx = {});

  Tensor forward(const Tensor& indices) override;
  void reset_parameters(const OptionalGenerator& generator = {});  ///< The initial numbers, anew.
  std::string extra_repr() const override;

  Value options() const override;
  static std::shared_ptr<Embedding> from_options(const Value& options);
  std::int64_t num_embeddings, embedding_dim;
  std::optional<std::int64_t> padding_idx;  ///< Counted from 0.
  Parameter weight;                         ///< [num_embeddings, embedding_dim]

 private:
  Embedding(const Tensor& weight, bool requires_grad, std::optional<std::int64_t> padding_idx);
};

}  // namespace cairn::nn
