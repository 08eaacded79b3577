// A dataset: examples by number, handed out in batches.
//
//   images [n, channels, height, width] float32        ──batch({7, 2, 5})──►   inputs  [3, channels, height, width]
//   labels [n] int64                                                           targets [3]
//
// A loader (data_loader.h) decides which examples come when; a dataset only says what they are. Datasets in memory are
// `TensorDataset`s; one that reads as it goes derives from `Dataset`.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include <cairn/core/tensor.h>

namespace cairn::train {

/// Some examples: `inputs` and `targets` agree in their first extent.
struct Batch {
  Tensor inputs;
  Tensor targets;
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;

  /// New tensors with the examples of the given numbers, in that order. Throws IndexError outside [0, size()).
  virtual Batch batch(std::span<const std::int64_t> indices) const = 0;

  /// The same, as a loader asks for it: where examples are changed at random (transforms.h), `seed` decides how. A
  /// loader that prepares batches ahead calls this on a thread of its own.
  virtual Batch sample(std::span<const std::int64_t> indices, std::uint64_t seed) const;
};

/// Examples that lie in memory, on the CPU: `inputs[i]` belongs to `targets[i]`.
class TensorDataset : public Dataset {
 public:
  /// No examples.
  TensorDataset() = default;

  /// Any dtypes, at least one dimension each. Throws ShapeError when the first extents differ, DeviceError off the CPU.
  TensorDataset(Tensor inputs, Tensor targets);

  std::int64_t size() const override;
  Batch batch(std::span<const std::int64_t> indices) const override;

  const Tensor& inputs() const { return inputs_; }
  const Tensor& targets() const { return targets_; }

  /// The examples [start, start + length), on the same numbers. Throws IndexError when there are not as many.
  TensorDataset narrow(std::int64_t start, std::int64_t length) const;

 private:
  Tensor inputs_;
  Tensor targets_;
};

/// What a model learns from, and what it is judged by.
struct Split {
  TensorDataset train;
  TensorDataset test;
};

/// The first `count` examples train, the others test. Throws IndexError when there are not as many.
Split split(const TensorDataset& dataset, std::int64_t count);

}  // namespace cairn::train
