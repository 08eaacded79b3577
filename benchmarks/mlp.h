// The perceptrons whose training is timed, and what they learn from.
//
//   mlp-3-5-2-b4            where the cost of a call is everything
//   mlp-64-32-10-b32        small layers, without and
//   mlp-bn-64-32-10-b32     with BatchNorm1d
//   mlp-784-256-10-b64      where matrix multiplication begins to count
//   mlp-784-1024-10-b256    where it is all that counts
#pragma once

#include <cairn/cairn.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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
  MlpData(cairn::Tensor inputs, cairn::Tensor targets) : x(std::move(inputs)), target(std::move(targets)) {}

  cairn::Tensor x, target;
};

inline cairn::Tensor forward_backward(cairn::nn::Module& model, const MlpData& data) {
  cairn::Tensor loss = cross_entropy(model(data.x), data.target);
  loss.backward();
  return loss;
}

template <class Optimizer>
cairn::Tensor training_step(cairn::nn::Module& model, Optimizer& optimizer, const MlpData& data) {
  optimizer.zero_grad();
  cairn::Tensor loss = forward_backward(model, data);
  optimizer.step();
  return loss;
}

/// The floating-point operations of the matrix products that forward_backward needs: two of each layer, and one more
/// for the gradient of what the second one reads. The first one's input needs none.
inline double product_flops(const MlpCase& sizes) {
  return 2.0 * static_cast<double>(sizes.batch * sizes.hidden * (2 * sizes.inputs + 3 * sizes.outputs));
}

inline const std::vector<std::string> mlp_works = {"sgd_step", "adam_step", "forward_backward", "infer_row"};

/// One step of a kind of work, by `model`, which becomes a copy of `start`: it returns the loss, or for infer_row what
/// the network makes of the first row. A step is zero_grad, forward, cross-entropy, backward and the update (SGD:
/// momentum 0.9); forward_backward is all of it but the update.
template <class Model>
std::function<cairn::Tensor()> work_on(const std::shared_ptr<Model>& model, const Model& start, const std::string& what,
                                       const MlpData& data, double lr) {
  model->load_state_dict(start.state_dict());
  model->to(data.x.device());
  if (what == "sgd_step" || what == "forward_backward") {
    const auto sgd =
        std::make_shared<cairn::optim::SGD>(model->parameters(), cairn::optim::SGDOptions{.lr = lr, .momentum = 0.9});
    if (what == "sgd_step") return [=] { return training_step(*model, *sgd, data); };
    return [=] {
      sgd->zero_grad();
      return forward_backward(*model, data);
    };
  }
  if (what == "adam_step") {
    const auto adam = std::make_shared<cairn::optim::Adam>(model->parameters(), cairn::optim::AdamOptions{.lr = lr});
    return [=] { return training_step(*model, *adam, data); };
  }
  model->eval();
  return [=, row = data.x.narrow(0, 0, 1).clone()] {
    const cairn::NoGrad no_grad;
    return (*model)(row);
  };
}

inline std::function<cairn::Tensor()> mlp_work(const std::string& what, const MlpCase& sizes, const Mlp& start,
                                               const MlpData& data, double lr) {
  return work_on(std::make_shared<Mlp>(sizes), start, what, data, lr);
}

}  // namespace benchmarks
