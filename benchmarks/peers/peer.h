// Others who do Cairn's training step, to be timed beside it.
//
//   plain_loops     bare loops, sizes known to the compiler: the floor of the smallest network
//   plain_eigen     what one writes by hand with Eigen, for this machine: the floor of layers without BatchNorm
//   libtorch        PyTorch's C++ library, where the benchmark was built with it
//
// A peer starts from the numbers of Cairn's own model, so that both must get the same losses.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace benchmarks {

/// A perceptron of two layers, relu between them (BatchNorm1d before it, if `batch_norm`), and what it learns from.
/// Matrices are row by row: weight1 [hidden, inputs], weight2 [outputs, hidden], x [batch, inputs].
struct PeerProblem {
  std::int64_t inputs, hidden, outputs, batch;
  bool batch_norm;
  std::vector<float> weight1, bias1, weight2, bias2, x;
  std::vector<std::int64_t> target;
};

/// A network of image_cases.h, and what it learns from: x [batch, channels, side, side].
struct ImageProblem {
  std::string name;
  std::int64_t batch, channels, side, classes;
  std::vector<std::vector<float>> parameters;  // in the order in which the network has them
  std::vector<float> x;
  std::vector<std::int64_t> target;
};

class Peer {
 public:
  virtual ~Peer() = default;

  /// One step of what training_step measures, in a model of the peer's own; empty if the peer does not do this. It
  /// returns the loss, or for infer_row the first output for the first row of x. SGD's momentum is 0.9.
  virtual std::function<float()> work(const std::string& what, double lr) = 0;
};

struct PeerMaker {
  std::string name;
  std::unique_ptr<Peer> (*make)(const PeerProblem& problem, int threads);  // null if the problem is not for this peer
};

std::unique_ptr<Peer> plain_loops(const PeerProblem& problem, int threads);
std::unique_ptr<Peer> plain_eigen(const PeerProblem& problem, int threads);
std::unique_ptr<Peer> libtorch(const PeerProblem& problem, int threads);
std::unique_ptr<Peer> libtorch_images(const ImageProblem& problem, int threads);

}  // namespace benchmarks
