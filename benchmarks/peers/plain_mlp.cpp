// Times the 3-5-2 training step of plain_mlp.h by itself: `plain_mlp [--json]`, in the form of training_step's results.
#include <cstdio>
#include <cstring>

#include "measure.h"
#include "peers/plain_mlp.h"

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::strcmp(argv[1], "--json") == 0;
  if (argc > 1 && !json) {
    const bool help = argc == 2 && std::strcmp(argv[1], "--help") == 0;
    std::fputs("usage: plain_mlp [--json]\n\nTimes one SGD step of a 3-5-2 perceptron in bare loops, batch of 4.\n",
               help ? stdout : stderr);
    return help ? 0 : 2;
  }
  using Mlp = benchmarks::PlainMlp<3, 5, 2, 4>;
  Mlp::Parameters parameters;
  Mlp::Input x;
  float number = 0;
  const auto fill = [&](auto& values) {
    for (float& value : values) value = 0.5f * std::sin(++number);
  };
  fill(parameters.weight1);
  fill(parameters.weight2);
  fill(x);
  Mlp mlp(parameters);
  const Mlp::Target target{0, 1, 1, 0};

  benchmarks::Contender step{[&] { benchmarks::keep(mlp.sgd_step(x, target, 1e-9f, 0.9f)); }};
  benchmarks::Contender row{[&] { benchmarks::keep(mlp.infer_row(x.data())); }};
  benchmarks::take_turns({&step, &row}, 50, 0.01);
  const char* format =
      json ? "{\"results\":[{\"case\":\"mlp-3-5-2-b4\",\"what\":\"sgd_step\",\"threads\":1,\"microseconds\":%.4f},"
             "{\"case\":\"mlp-3-5-2-b4\",\"what\":\"infer_row\",\"threads\":1,\"microseconds\":%.4f}]}\n"
           : "mlp-3-5-2-b4  sgd_step %.3f us, infer_row %.3f us (bare loops)\n";
  std::printf(format, step.seconds * 1e6, row.seconds * 1e6);
}
