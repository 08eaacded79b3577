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

class Libtorch final : public Peer {
 public:
  explicit Libtorch(const PeerProblem& problem)
      : problem_(problem),
        x_(torch::from_blob(problem_.x.data(), {problem_.batch, problem_.inputs}, torch::kFloat).clone()),
        target_(torch::from_blob(problem_.target.data(), {problem_.batch}, torch::kLong).clone()) {}

  std::function<float()> work(const std::string& what, double lr) override {
    const auto model = std::make_shared<MlpImpl>(problem_);
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
        return *model->forward(row).const_data_ptr<float>();
      };
    }
    return {};
  }

 private:
  float forward_backward(MlpImpl& model) {
    const torch::Tensor loss = torch::nn::functional::cross_entropy(model.forward(x_), target_);
    loss.backward();
    return *loss.const_data_ptr<float>();
  }

  template <class Optimizer>
  std::function<float()> steps(std::shared_ptr<MlpImpl> model, std::shared_ptr<Optimizer> optimizer) {
    return [this, model, optimizer] {
      optimizer->zero_grad();
      const float loss = forward_backward(*model);
      optimizer->step();
      return loss;
    };
  }

  PeerProblem problem_;
  torch::Tensor x_, target_;
};

}  // namespace

std::unique_ptr<Peer> libtorch(const PeerProblem& problem, int threads) {
  torch::set_num_threads(threads);
  return std::make_unique<Libtorch>(problem);
}

}  // namespace benchmarks
