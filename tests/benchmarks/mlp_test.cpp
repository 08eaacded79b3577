// benchmarks/mlp.h: what is timed is what PyTorch would do. The golden training run has the form of the network that is
// timed, so it goes through the very same functions.
#include <fstream>
#include <string>

#include <cairn/cairn.h>
#include <cairn/interop.h>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "image_cases.h"
#include "mlp.h"

using namespace cairn;
using namespace benchmarks;

TEST_CASE("the training step that is timed gets the losses of PyTorch's run") {
  const std::string name = "train_mlp_sgd", folder = CAIRN_GOLDEN_REFERENCE "/numbers/";
  std::ifstream file(folder + "cases.json");
  const nlohmann::json all = nlohmann::json::parse(file);
  const StateDict numbers = interop::load_safetensors(folder + "cases.safetensors");
  const auto& cases = all.at("cases");
  const auto run = std::find_if(cases.begin(), cases.end(), [&](const auto& one) { return one.at("case") == name; });
  REQUIRE(run != cases.end());
  REQUIRE(run->at("layers").dump() == R"([["Linear",[6,8]],["BatchNorm1d",[8]],["ReLU",[]],["Linear",[8,3]]])");

  Mlp model(MlpCase{name, 6, 8, 3, 0, true});
  StateDict state;
  for (const auto& [number, own] : {std::pair{"0.", "fc1."}, {"1.", "norm."}, {"3.", "fc2."}}) {
    const std::string prefix = name + "/state." + number;
    for (const auto& [key, value] : numbers)
      if (key.starts_with(prefix)) state.set(own + key.substr(prefix.size()), value.as_tensor());
  }
  model.load_state_dict(state);
  const auto& args = run->at("args");
  optim::SGD sgd(model.parameters(),
                 {.lr = args.at("lr").get<double>(), .momentum = args.at("momentum").get<double>()});

  const auto& losses = run->at("losses");
  REQUIRE(losses.size() == 40);
  for (std::size_t step = 0; step < losses.size(); ++step) {
    const std::string number = std::to_string(step);
    const MlpData data(numbers.at(name + "/x." + number), numbers.at(name + "/t." + number));
    CAPTURE(step);
    CHECK(training_step(model, sgd, data).item() == Approx(losses[step].get<double>()).epsilon(1e-4));
  }
}

TEST_CASE("the convolutional networks that are timed learn, and compute a row of classes") {
  for (const ImageCase& sizes : image_cases) {
    CAPTURE(sizes.name);
    manual_seed(0);
    const std::shared_ptr<nn::Module> start = sizes.make();
    const MlpData data = image_data(sizes);
    for (const std::string what : {"sgd_step", "adam_step"}) {
      CAPTURE(what);
      const auto work = image_work(what, sizes, *start, data, 1e-3);
      const float first = work().item();
      CHECK(work().item() < first);
    }
    CHECK(image_work("infer_row", sizes, *start, data, 0)().shape() == Shape{1, sizes.classes});
  }
}

TEST_CASE("the operations that a step of a convolutional network needs are counted") {
  const ImageCase& cnn = image_cases.front();
  std::int64_t multiply_adds = 3 * 1152 * 10;  // of an image: the linear layer, and each convolution
  multiply_adds += 2 * 28 * 28 * 9 * 1 * 32 + 3 * 14 * 14 * 9 * 32 * 64 + 3 * 7 * 7 * 9 * 64 * 128;
  CHECK(product_flops(*cnn.make(), image_data(cnn)) ==
        Approx(2.0 * 64 * static_cast<double>(multiply_adds)).epsilon(1e-12));
}

TEST_CASE("every kind of work starts from the numbers given, in a model of its own") {
  manual_seed(0);
  const MlpCase sizes = mlp_cases.front();
  const Mlp start(sizes);
  const MlpData data(sizes);
  const Tensor before = start.state_dict().at("fc1.weight").clone();
  const float loss = mlp_work("forward_backward", sizes, start, data, 0.1)().item();
  for (const std::string what : {"sgd_step", "adam_step"}) {
    CAPTURE(what);
    const auto work = mlp_work(what, sizes, start, data, 0.1);
    CHECK(work().item() == loss);
    CHECK(work().item() < loss);
  }
  CHECK(mlp_work("infer_row", sizes, start, data, 0)().shape() == Shape{1, 2});
  CHECK(std::ranges::equal(before.data<float>(), start.state_dict().at("fc1.weight").data<float>()));
}
