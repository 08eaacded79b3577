// The perceptrons whose training is timed, and what they learn from.
//
//   mlp-3-5-2-b4            where the cost of a call is everything
//   mlp-64-32-10-b32        small layers, without and
//   mlp-bn-64-32-10-b32     with BatchNorm1d
//   mlp-784-256-10-b64      where matrix multiplication begins to count
//   mlp-784-1024-10-b256    where it is all that counts
#pragma once

#include <cairn/cairn.h>

#include <optional>
#include <string>
#include <vector>

namespace benchmarks {

struct MlpCase {
  std::string name;
  std::int64_t inputs, hidden, outputs, batch;
  bool batch_norm;
};

inline const std::vector<MlpCase> mlp_cases = {
    {"mlp-3-5-2-b4", 3, 5, 2, 4, false},
    {"mlp-64-32-10-b32", 64, 32, 10, 32, false},
    {"mlp-bn-64-32-10-b32", 64, 32, 10, 32, true},
    {"mlp-784-256-10-b64", 784, 256, 10, 64, false},
    {"mlp-784-1024-10-b256", 784, 1024, 10, 256, false},
};

struct Mlp : cairn::nn::Module {
  explicit Mlp(const MlpCase& sizes)
      : fc1{this, "fc1", sizes.inputs, sizes.hidden}, fc2{this, "fc2", sizes.hidden, sizes.outputs} {
    if (sizes.batch_norm) norm.emplace(this, "norm", sizes.hidden);
  }

  cairn::Tensor forward(const cairn::Tensor& x) override {
    cairn::Tensor hidden = fc1(x);
    if (norm) hidden = (*norm)(hidden);
    return fc2(relu(hidden));
  }

  cairn::nn::Child<cairn::nn::Linear> fc1, fc2;
  std::optional<cairn::nn::Child<cairn::nn::BatchNorm1d>> norm;
};

// So small that millions of steps leave a model where it was. Were it to learn, units would die, and their momentum
// would decay into denormal numbers, which take a hundred cycles each: time that has nothing to do with the step.
inline constexpr double timing_lr = 1e-9;

struct MlpData {
  explicit MlpData(const MlpCase& sizes, cairn::Device device = {})
      : x(cairn::rand({sizes.batch, sizes.inputs}) * 2 - 1),
        target(cairn::zeros({sizes.batch}, {.dtype = cairn::DType::int64})) {
    for (std::int64_t i = 0; i < sizes.batch; ++i) target.data<std::int64_t>()[i] = i * 7 % sizes.outputs;
    x = x.to(device);
    target = target.to(device);
  }

  cairn::Tensor x, target;
};

template <class Optimizer>
cairn::Tensor training_step(Mlp& model, Optimizer& optimizer, const MlpData& data) {
  optimizer.zero_grad();
  cairn::Tensor loss = cross_entropy(model(data.x), data.target);
  loss.backward();
  optimizer.step();
  return loss;
}

}  // namespace benchmarks
