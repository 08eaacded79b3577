// Several dimensions made one, as what lies between planes and a linear layer.
#pragma once

#include <cairn/nn/module.h>

namespace cairn::nn {

struct FlattenOptions {
  int start_dim = 1;  ///< 1 keeps the examples of a batch apart.
  int end_dim = -1;
};

/// x [n, a, b, ...] -> [n, a b ...]
class Flatten : public Module {
 public:
  explicit Flatten(const FlattenOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Value options() const override;
  static std::shared_ptr<Flatten> from_options(const Value& options);

  int start_dim, end_dim;
};

}  // namespace cairn::nn
