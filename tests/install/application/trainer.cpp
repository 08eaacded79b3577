// An embedder's program: a model of 3-5-2 neurons learns whether the sum of three numbers is positive, is saved, and is
// loaded into a second model, which must then answer alike.
#include <cairn/cairn.h>

#include <cstdio>

using namespace cairn;

struct Classifier : nn::Module {
  nn::Child<nn::Linear> fc1{this, "fc1", 3, 5};
  nn::Child<nn::Linear> fc2{this, "fc2", 5, 2};
  Tensor forward(const Tensor& x) override { return fc2(relu(fc1(x))); }
};

int main(int argc, char** argv) {
  const std::string file = argc > 1 ? argv[1] : "classifier.cairn";
  manual_seed(0);
  Classifier model;
  optim::SGD sgd(model.parameters(), {.lr = 0.1, .momentum = 0.9});
  double loss_before = 0, loss_after = 0;
  for (int step = 0; step < 1000; ++step) {
    const Tensor x = rand({4, 3}) * 2 - 1;
    Tensor target = zeros({4}, {.dtype = DType::int64});
    for (int i = 0; i < 4; ++i) target.data<std::int64_t>()[i] = x[i].sum().item() > 0;
    sgd.zero_grad();
    Tensor loss = cross_entropy(model(x), target);
    loss.backward();
    sgd.step();
    if (step < 100) loss_before += loss.item() / 100;
    if (step >= 900) loss_after += loss.item() / 100;
  }
  io::save(file, {{"model", model.state_dict()}, {"optimizer", sgd.state_dict()}});

  Classifier restored;
  restored.load_state_dict(io::load(file)["model"]);
  NoGrad no_grad;
  const Tensor x = rand({4, 3});
  const Tensor first = model(x), second = restored(x);
  for (int i = 0; i < 8; ++i) {
    if (first.data<float>()[i] != second.data<float>()[i]) return std::puts("the restored model answers otherwise"), 1;
  }
  std::printf("loss %.3f -> %.3f\n", loss_before, loss_after);
  return loss_after < loss_before / 2 ? 0 : 1;
}
