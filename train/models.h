// The models that the program and the lessons train.
#pragma once

#include <cstdint>

#include <cairn/core/random.h>
#include <cairn/nn/batch_norm.h>
#include <cairn/nn/child.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/module.h>

namespace cairn::train {

struct MLPOptions {
  std::int64_t inputs = 64;  ///< Numbers in one example: channels x height x width of an image.
  std::int64_t hidden = 64;
  std::int64_t classes = 10;
  OptionalGenerator generator = {};  ///< What the weights are drawn from; left empty, the default generator.
};

/// A multilayer perceptron with one hidden layer:
///
///   x [n, ...]  ─ flatten ─►  fc1 [n, hidden]  ─ norm ─ relu ─►  fc2 [n, classes]
struct MLP : nn::Module {
  explicit MLP(const MLPOptions& options = {});

  nn::Child<nn::Linear> fc1;
  nn::Child<nn::BatchNorm1d> norm;
  nn::Child<nn::Linear> fc2;

  /// x: [n, ...] with `inputs` numbers in each of n examples; the result: [n, classes].
  Tensor forward(const Tensor& x) override;
};

/// How wide a hidden layer suits an image of so many numbers: a third of them, 64 at least and 256 at most.
std::int64_t suitable_width(std::int64_t inputs);

}  // namespace cairn::train
