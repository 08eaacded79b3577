// The step in libtorch, as its users write it.
#include <torch/torch.h>

#include "peers/peer.h"

namespace benchmarks {
namespace {

struct MlpImpl : torch::nn::Module {
  explicit MlpImpl(const PeerProblem& problem)
      : fc1(register_module("fc1", torch::nn::Linear(problem.inputs, problem.hidden))),
        fc2(register_module("fc2", torch::nn::Linear(problem.hidden, problem.outputs))) {
    if (problem.batch_norm) norm = register_module("norm", torch::nn::BatchNorm1d(problem.hidden));
    const torch::NoGradGuard no_grad;
    const auto set = [](torch::Tensor& parameter, const std::vector<float>& numbers) {
      parameter.copy_(torch::from_blob(const_cast<float*>(numbers.data()), parameter.sizes(), torch::kFloat));
    };
    set(fc1->weight, problem.weight1);
    set(fc1->bias, problem.bias1);
    set(fc2->weight, problem.weight2);
    set(fc2->bias, problem.bias2);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor hidden = fc1->forward(x);
    if (norm) hidden = norm->forward(hidden);
    return fc2->forward(torch::relu(hidden));
  }

  torch::nn::Linear fc1, fc2;
  torch::nn::BatchNorm1d norm{nullptr};
};

struct CnnImpl : torch::nn::Module {
  explicit CnnImpl(const CnnProblem& problem) {
    std::int64_t side = problem.side;
    for (std::size_t i = 1; i < problem.channels.size(); ++i, side /= 2) {
      const std::string number = std::to_string(i);
      convs.push_back(register_module(
          "conv" + number,
          torch::nn::Conv2d(torch::nn::Conv2dOptions(problem.channels[i - 1], problem.channels[i], 3).padding(1))));
      norms.push_back(register_module("norm" + number, torch::nn::BatchNorm2d(problem.channels[i])));
    }
    fc = register_module("fc", torch::nn::Linear(problem.channels.back() * side * side, problem.classes));
    const torch::NoGradGuard no_grad;
    std::size_t i = 0;
    for (torch::Tensor& parameter : parameters())
      parameter.copy_(torch::from_blob(const_cast<float*>(problem.parameters.at(i++).data()), parameter.sizes()));
  }

  torch::Tensor forward(torch::Tensor x) {
    for (std::size_t i = 0; i < convs.size(); ++i)
      x = torch::max_pool2d(torch::relu(norms[i]->forward(convs[i]->forward(x))), 2);
    return fc->forward(x.flatten(1));
  }

  std::vector<torch::nn::Conv2d> convs;
  std::vector<torch::nn::BatchNorm2d> norms;
  torch::nn::Linear fc{nullptr};
};

/// What all networks do.
template <class Model, class Problem>
class Libtorch final : public Peer {
 public:
  Libtorch(const Problem& problem, const std::vector<std::int64_t>& shape)
      : problem_(problem),
        x_(torch::from_blob(problem_.x.data(), shape, torch::kFloat).clone()),
        target_(torch::from_blob(problem_.target.data(), {problem_.batch}, torch::kLong).clone()) {}

  std::function<float()> work(const std::string& what, double lr) override {
    const auto model = std::make_shared<Model>(problem_);
    if (what == "forward_backward") {
      return [this, model] {
        model->zero_grad();
        return forward_backward(*model);
      };
    }
    if (what == "sgd_step")
      return steps(
          model, std::make_shared<torch::optim::SGD>(model->parameters(), torch::optim::SGDOptions(lr).momentum(0.9)));
    if (what == "adam_step")
      return steps(model, std::make_shared<torch::optim::Adam>(model->parameters(), torch::optim::AdamOptions(lr)));
    if (what == "infer_row") {
      model->eval();
      return [model, row = x_.narrow(0, 0, 1).clone()] {
        const torch::NoGradGuard no_grad;
        const torch::Tensor y = model->forward(row);
        return *y.const_data_ptr<float>();
      };
    }
    return {};
  }

 private:
  float forward_backward(Model& model) {
    const torch::Tensor loss = torch::nn::functional::cross_entropy(model.forward(x_), target_);
    loss.backward();
    return *loss.const_data_ptr<float>();
  }

  template <class Optimizer>
  std::function<float()> steps(std::shared_ptr<Model> model, std::shared_ptr<Optimizer> optimizer) {
    return [this, model, optimizer] {
      optimizer->zero_grad();
      const float loss = forward_backward(*model);
      optimizer->step();
      return loss;
    };
  }

  Problem problem_;
  torch::Tensor x_, target_;
};

}  // namespace

std::unique_ptr<Peer> libtorch(const PeerProblem& problem, int threads) {
  torch::set_num_threads(threads);
  return std::make_unique<Libtorch<MlpImpl, PeerProblem>>(problem, std::vector{problem.batch, problem.inputs});
}

std::unique_ptr<Peer> libtorch_cnn(const CnnProblem& problem, int threads) {
  torch::set_num_threads(threads);
  return std::make_unique<Libtorch<CnnImpl, CnnProblem>>(
      problem, std::vector{problem.batch, problem.channels.front(), problem.side, problem.side});
}

}  // namespace benchmarks
