// The data of these lessons, a pass over it, and a test: what every training is made of.
#pragma once

#include <cstdio>

#include "mnist_net.h"

using namespace cairn;

/// A number with so many digits after the point.
inline std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// Digits drawn by strokes, or MNIST in the folder of `--data`; made even by MNIST's mean and deviation.
struct Digits {
  explicit Digits(const Lesson& lesson, std::int64_t count = 6464)
      : images(lesson.data.empty() ? train::Split{train::drawn_digits(count, {.size = 28, .seed = 1}),
                                                  train::drawn_digits(1000, {.size = 28, .seed = 2})}
                                   : train::read_idx_folder(lesson.data)),
        device(lesson.device) {}

  train::Split images;
  Device device;
  train::TransformedDataset training{images.train, train::Normalize({0.1307}, {0.3081})};
  train::TransformedDataset testing{images.test, train::Normalize({0.1307}, {0.3081})};
  train::DataLoader train_loader{training, {.batch_size = 64, .device = device}};
  train::DataLoader test_loader{testing, {.batch_size = 1000, .device = device}};
};

/// One epoch; the last batch's loss.
inline double train_epoch(MNISTNet& model, optim::Optimizer& optimizer, train::DataLoader& loader, int epoch) {
  model.train();
  double last_loss = 0;
  for (int number = 0; auto batch = loader.next(); ++number) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy(model(batch->inputs), batch->targets);
    loss.backward();
    optimizer.step();
    if (number % 100 == 0) print("Train Epoch:", epoch, "Batch:", number, "Loss:", fixed(loss.item(), 6));
    last_loss = loss.item();
  }
  return last_loss;
}

/// The percentage of images whose digit has the highest score. The loss is the mean over the batches: PyTorch's
/// tutorial divides the sum of their means by the number of images, and shows a thousandth of it.
inline double test(MNISTNet& model, train::DataLoader& loader) {
  const NoGrad no_grad;
  model.eval();
  double loss = 0;
  std::int64_t correct = 0;
  while (auto batch = loader.next()) {
    const Tensor output = model(batch->inputs);
    loss += cross_entropy(output, batch->targets).item();
    correct += sum(argmax(output, 1) == batch->targets).item_int64();
  }
  loss /= static_cast<double>(loader.size());
  const std::int64_t count = loader.dataset().size();
  const double accuracy = 100.0 * static_cast<double>(correct) / static_cast<double>(count);
  print("Test set: Average loss:", fixed(loss, 4) + ",",
        "Accuracy:", text(correct, "/", count, " (", fixed(accuracy, 2), "%)"));
  return accuracy;
}
