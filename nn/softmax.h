// Probabilities of any numbers, exp(x) / Σ exp(x) over one dimension, and their logarithms, as modules.
#pragma once

#include <optional>

#include <cairn/nn/module.h>

namespace cairn::nn {

struct SoftmaxOptions {
  /// None chooses, as PyTorch does though it advises against: the first dimension of 0, 1 or 3, else the second.
  std::optional<int> dim = {};
};

/// What both share. x of any shape -> the same shape.
class SoftmaxBase : public Module {
 public:
  std::string extra_repr() const override;
  Value options() const override;

  std::optional<int> dim;

 protected:
  explicit SoftmaxBase(const SoftmaxOptions& options) : dim(options.dim) {}
  int dim_of(const Tensor& x) const;
};

class Softmax : public SoftmaxBase {
 public:
  explicit Softmax(const SoftmaxOptions& options = {});
  explicit Softmax(int dim) : Softmax(SoftmaxOptions{dim}) {}
  static std::shared_ptr<Softmax> from_options(const Value& options);
  Tensor forward(const Tensor& x) override;
};

class LogSoftmax : public SoftmaxBase {
 public:
  explicit LogSoftmax(const SoftmaxOptions& options = {});
  explicit LogSoftmax(int dim) : LogSoftmax(SoftmaxOptions{dim}) {}
  static std::shared_ptr<LogSoftmax> from_options(const Value& options);
  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::nn
