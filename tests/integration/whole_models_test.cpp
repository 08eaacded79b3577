// Whole models through a file: each class of the registry, with other options than its own.
#include <cairn/cairn.h>

#include <algorithm>
#include <functional>

#include "catch.h"
#include "devices.h"

using namespace cairn;

namespace {

/// A module and what it gives for some inputs; undefined for one that computes nothing.
struct Row {
  std::shared_ptr<nn::Module> module;
  std::function<Tensor(nn::Module&, Device)> result;
};

template <class M, class... Inputs>
Row row(const M& module, const Inputs&... inputs) {
  const auto result = [inputs...](nn::Module& any, Device device) -> Tensor {
    manual_seed(1);
    auto& same = dynamic_cast<M&>(any);
    if constexpr (sizeof...(Inputs) == 0)
      return {};
    else
      return nn::call(same, inputs.clone().to(device)...);
  };
  return {nn::make<M>(module), result};
}

std::vector<Row> rows() {
  const Generator generator(1);
  const Tensor x = randn({4, 6}, {}, generator), y = rand({4, 6}, {}, generator);
  const Tensor images = randn({2, 4, 7, 8}, {}, generator);
  const Tensor classes = tensor<std::int64_t>({0, 2, 5, 1});
  const Tensor weight = tensor({0.5f, 2.0f, 1.0f, 0.25f, 3.0f, 1.0f});
  const nn::Conv2dOptions same{.padding = "same", .padding_mode = "zeros"};
  return {
      row(nn::AdaptiveAvgPool2d({2, 3}), images),
      row(nn::AvgPool2d(
              {2, 3},
              {.stride = 2, .padding = {1, 0}, .ceil_mode = true, .count_include_pad = false, .divisor_override = 5}),
          images),
      row(nn::AvgPool2d(3, {.count_include_pad = false}), images),
      row(nn::BCELoss({weight, Reduction::sum}), y, y),
      row(nn::BCEWithLogitsLoss({weight, Reduction::none, weight * 2}), x, y),
      row(nn::BatchNorm1d(6, {.eps = 0.25, .momentum = std::nullopt, .affine = false}), x),
      row(nn::BatchNorm1d(6, {.track_running_stats = false, .bias = false}), x),
      row(nn::BatchNorm2d(4, {.eps = 0.25, .momentum = 0.5, .bias = false}), images),
      row(nn::Conv2d(4, 6, {3, 2},
                     {.stride = {1, 2}, .padding = {2, 1}, .dilation = {2, 1}, .groups = 2, .bias = false}),
          images),
      row(nn::Conv2d(4, 2, 3, same), images),
      row(nn::CrossEntropyLoss(
              {.weight = weight, .ignore_index = 2, .reduction = Reduction::sum, .label_smoothing = 0.1}),
          x, classes),
      row(nn::Dropout({.p = 0.25, .inplace = true}), x),
      row(nn::Embedding(6, 3, {.padding_idx = 1}), classes),
      row(nn::Flatten({2, 3}), images),
      row(nn::GELU({GeluApproximate::tanh}), x),
      row(nn::Identity(), x),
      row(nn::L1Loss({Reduction::sum}), x, y),
      row(nn::LayerNorm({4, 6}, {.eps = 0.5, .bias = false}), x),
      row(nn::LayerNorm(6, {.elementwise_affine = false}), x),
      row(nn::LeakyReLU({0.25, true}), x),
      row(nn::Linear(6, 5, {.bias = false}), x),
      row(nn::LogSoftmax(1), x),
      row(nn::MSELoss({.reduction = Reduction::none}), x, y),
      row(nn::MaxPool2d({2, 3}, {.stride = Size2d(1, 2), .padding = {1, 0}, .dilation = 2, .ceil_mode = true}), images),
      row(nn::ModuleDict{{"b", nn::Tanh()}, {"a", nn::Linear(1, 1)}}),
      row(nn::ModuleList{nn::Tanh(), nn::Linear(1, 1)}),
      row(nn::NLLLoss({weight, 1, Reduction::sum}), x, classes),
      row(nn::ParameterList{x, tensor({3.0f}), full({}, 5)}),
      row(nn::ReLU({.inplace = true}), x),
      row(
          [] {
            nn::Sequential named{nn::Linear(6, 2), nn::Sequential(nn::ReLU(), nn::Linear(2, 2, {.bias = false}))};
            named.push_back("head", nn::Sigmoid());
            return named;
          }(),
          x),
      row(nn::Sigmoid(), x),
      row(nn::SmoothL1Loss({Reduction::none, 0.5}), x, y),
      row(nn::Softmax(0), x),
      row(nn::Softmax(), x),
      row(nn::Tanh(), x),
  };
}

/// Everything that is to be said of a module, to the last bit: the same state is the same bytes.
Bytes bytes_of(const nn::Module& module) { return io::save_to_memory(nn::to_value(module)); }

}  // namespace

TEST_CASE("every class of nn comes out of a file as it went in: options, state, and what it computes", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  std::vector<std::string> made;
  for (const auto& [module, result] : rows()) {
    CAPTURE(module->repr());
    module->to(device).requires_grad_(false);
    const Bytes file = bytes_of(*module);
    const auto copy = nn::from_value(io::load_memory(file.data), nn::Registry::built_in());
    CHECK(copy->repr() == module->repr());
    CHECK(to_string(copy->options()) == to_string(module->options()));
    CHECK(bytes_of(*copy) == file);
    const Tensor expected = result(*module, device), found = result(*copy, device);
    CHECK(found.defined() == expected.defined());
    if (expected.defined()) {
      CHECK(found.shape() == expected.shape());
      CHECK(numbers<double>(found) == numbers<double>(expected));
    }
    CHECK(bytes_of(*copy) == bytes_of(*module));  // running statistics too
    made.push_back(copy->name());
  }
  made.erase(std::unique(made.begin(), made.end()), made.end());
  CHECK(made == nn::Registry::built_in().names());
}

TEST_CASE("so do the models of train, made from their default and what the file says of their children") {
  nn::Registry registry = nn::Registry::built_in();
  registry.add<train::MLP>().add<train::CNN>().add<train::ResNet18>();
  train::MLP mlp({.inputs = 64, .hidden = 5, .classes = 3});
  train::CNN cnn({.height = 8, .width = 8, .filters = 2, .classes = 3, .dropout = 0.5});
  train::ResNet18 resnet({.channels = 1, .width = 2, .classes = 3});
  const Tensor images = rand({2, 1, 8, 8});
  for (nn::Module* model :
       {static_cast<nn::Module*>(&mlp), static_cast<nn::Module*>(&cnn), static_cast<nn::Module*>(&resnet)}) {
    CAPTURE(model->name());
    model->eval();
    const auto copy = nn::from_value(io::load_memory(bytes_of(*model).data), registry);
    CHECK(copy->repr() == model->repr());
    CHECK(numbers<float>((*copy)(images)) == numbers<float>((*model)(images)));
  }
}
