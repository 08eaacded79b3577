// Batch normalisation: each channel shifted and scaled to mean 0 and variance 1, then by what is learned.
//
// In training the statistics are the batch's own, and running ones follow them; in evaluation the running ones are used
// (Ioffe and Szegedy, "Batch Normalization", 2015). The running statistics are buffers: saved, not trained.
#pragma once

#include <cstdint>
#include <optional>

#include <cairn/nn/module.h>

namespace cairn::nn {

struct BatchNormOptions {
  double eps = 1e-5;  ///< Added to the variance, against division by 0.
  std::optional<double> momentum =
      0.1;                          ///< How fast the running statistics follow; nothing: the plain mean of all batches.
  bool affine = true;               ///< Whether weight and bias are learned.
  bool track_running_stats = true;  ///< Without, the batch's own statistics are always used.
  bool bias = true;
  Device device = {};
  DType dtype = DType::float32;
};

BatchNormOptions batch_norm_options(const Value& options);  ///< Of what BatchNorm::options says.

/// What batch normalisations of any rank share.
class BatchNorm : public Module {
 public:
  Tensor forward(const Tensor& x) override;
  void reset_running_stats();
  void reset_parameters();  ///< Running statistics too.
  std::string extra_repr() const override;
  Value options() const override;
  std::int64_t version() const override { return 2; }  ///< Since 2 the number of batches is in the state.

  std::int64_t num_features;
  double eps;
  std::optional<double> momentum;
  bool affine, track_running_stats;
  Parameter weight, bias;            ///< [num_features], or undefined
  Buffer running_mean, running_var;  ///< [num_features], or undefined
  Buffer num_batches_tracked;        ///< int64, a scalar, or undefined

 protected:
  BatchNorm(std::int64_t num_features, const BatchNormOptions& options);
  virtual void check_input(const Tensor& x) const = 0;  ///< Throws ShapeError for a rank the class does not take.
  std::optional<Tensor> default_for_missing(std::string_view name, std::optional<std::int64_t> version) const override;
};

/// x [n, num_features] or [n, num_features, length] -> the same shape.
class BatchNorm1d : public BatchNorm {
 public:
  explicit BatchNorm1d(std::int64_t num_features, const BatchNormOptions& options = {});
  static std::shared_ptr<BatchNorm1d> from_options(const Value& options);

 protected:
  void check_input(const Tensor& x) const override;
};

/// x [n, num_features, height, width] -> the same shape.
class BatchNorm2d : public BatchNorm {
 public:
  explicit BatchNorm2d(std::int64_t num_features, const BatchNormOptions& options = {});
  static std::shared_ptr<BatchNorm2d> from_options(const Value& options);

 protected:
  void check_input(const Tensor& x) const override;
};

}  // namespace cairn::nn
