// eval(): what to call before a loaded model is used.
//
// In training, dropout leaves out other numbers in every call, and BatchNorm goes by the batch it sees. In evaluation
// dropout does nothing, and BatchNorm goes by the running mean and variance that were saved: the same input gives the
// same output.
#include "lesson.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  const NoGrad no_grad;
  manual_seed(0);

  nn::Sequential model{nn::BatchNorm1d(4), nn::Dropout(0.5)};
  model.to(lesson.device);
  const Tensor x = arange(0.0, 8.0).view({2, 4}).to(lesson.device);

  print("training:");
  print(model(x));
  print(model(x));

  io::save(lesson.file("model.cairn"), model.state_dict());
  model.load_state_dict(io::load(lesson.file("model.cairn")));
  model.eval();

  print("\nevaluation:");
  print(model(x));
  print(model(x));
}
