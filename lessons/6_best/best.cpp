// The best so far: a state dict is no copy, so keeping one keeps nothing.
//
// A model of one number is trained towards 1, while the validation wants 0.5: it is best on the way. The dict that was
// taken then has moved on with the model. `snapshot()` owns its numbers, and so does a file.
#include "lesson.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  const TensorOptions here = {.device = lesson.device};
  const Tensor x = ones({1, 1}, here), wanted = ones({1, 1}, here), validation = full({1, 1}, 0.5, here);

  nn::Linear model(1, 1, {.bias = false, .device = lesson.device});
  nn::init::zeros_(model.weight);
  optim::SGD optimizer(model.parameters(), {.lr = 0.125});

  double best_loss = 1;
  StateDict kept_wrongly, kept;
  for (int epoch = 1; epoch <= 4; ++epoch) {
    optimizer.zero_grad();
    mse_loss(model(x), wanted).backward();
    optimizer.step();

    const double loss = mse_loss(model(x), validation).item();
    print("epoch", epoch, "weight", model.weight.item(), "validation loss", loss);
    if (loss >= best_loss) continue;
    best_loss = loss;
    kept_wrongly = model.state_dict();                  // handles of the numbers that training goes on changing
    kept = model.state_dict().snapshot();               // numbers of its own
    io::save(lesson.file("best.cairn"), kept_wrongly);  // so has the file, whatever it was saved from
  }

  print("\nstate_dict():", kept_wrongly.at("weight").item());
  print("snapshot():  ", kept.at("weight").item());
  print("the file:    ", io::load(lesson.file("best.cairn"))["weight"].as_tensor().item());
}
