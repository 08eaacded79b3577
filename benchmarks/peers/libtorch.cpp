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

void set_parameters(torch::nn::Module& model, const ImageProblem& problem) {
  const torch::NoGradGuard no_grad;
  std::size_t i = 0;
  for (torch::Tensor& parameter : model.parameters())
    parameter.copy_(torch::from_blob(const_cast<float*>(problem.parameters.at(i++).data()), parameter.sizes()));
}

torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                              std::int64_t padding, bool bias) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).bias(bias));
}

struct CnnImpl : torch::nn::Module {
  explicit CnnImpl(const ImageProblem& problem) {
    std::int64_t in = problem.channels;
    for (const std::int64_t out : {32, 64, 128}) {
      const std::string number = std::to_string(convs.size() + 1);
      convs.push_back(register_module("conv" + number, convolution(in, out, 3, 1, 1, true)));
      norms.push_back(register_module("norm" + number, torch::nn::BatchNorm2d(out)));
      in = out;
    }
    fc = register_module("fc", torch::nn::Linear(in * 9, problem.classes));
    set_parameters(*this, problem);
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

struct BlockImpl : torch::nn::Module {
  BlockImpl(std::int64_t in, std::int64_t out, std::int64_t stride)
      : conv1(register_module("conv1", convolution(in, out, 3, stride, 1, false))),
        bn1(register_module("bn1", torch::nn::BatchNorm2d(out))),
        conv2(register_module("conv2", convolution(out, out, 3, 1, 1, false))),
        bn2(register_module("bn2", torch::nn::BatchNorm2d(out))) {
    if (stride != 1)
      downsample = register_module(
          "downsample", torch::nn::Sequential(convolution(in, out, 1, stride, 0, false), torch::nn::BatchNorm2d(out)));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = bn1->forward(conv1->forward(x)).relu_();
    return bn2->forward(conv2->forward(y)).add_(downsample ? downsample->forward(x) : x).relu_();
  }

  torch::nn::Conv2d conv1;
  torch::nn::BatchNorm2d bn1;
  torch::nn::Conv2d conv2;
  torch::nn::BatchNorm2d bn2;
  torch::nn::Sequential downsample{nullptr};
};
TORCH_MODULE(Block);

struct ResNet18Impl : torch::nn::Module {
  explicit ResNet18Impl(const ImageProblem& problem)
      : conv1(register_module("conv1", convolution(problem.channels, 64, 7, 2, 3, false))),
        bn1(register_module("bn1", torch::nn::BatchNorm2d(64))) {
    std::int64_t in = 64;
    for (const std::int64_t out : {64, 128, 256, 512}) {
      blocks->push_back(Block(in, out, in == out ? 1 : 2));
      blocks->push_back(Block(out, out, 1));
      in = out;
    }
    register_module("blocks", blocks);
    fc = register_module("fc", torch::nn::Linear(in, problem.classes));
    set_parameters(*this, problem);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = bn1->forward(conv1->forward(x)).relu_();
    const torch::Tensor images = blocks->forward(torch::max_pool2d(y, 3, 2, 1));
    return fc->forward(torch::adaptive_avg_pool2d(images, {1, 1}).flatten(1));
  }

  torch::nn::Conv2d conv1;
  torch::nn::BatchNorm2d bn1;
  torch::nn::Sequential blocks;
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

std::unique_ptr<Peer> libtorch_images(const ImageProblem& problem, int threads) {
  torch::set_num_threads(threads);
  const std::vector<std::int64_t> shape{problem.batch, problem.channels, problem.side, problem.side};
  if (problem.name.starts_with("resnet18"))
    return std::make_unique<Libtorch<ResNet18Impl, ImageProblem>>(problem, shape);
  return std::make_unique<Libtorch<CnnImpl, ImageProblem>>(problem, shape);
}

}  // namespace benchmarks
