// The floor under a training step: a multilayer perceptron of two layers in bare loops.
//
//   h = relu(x W1ᵀ + b1)      y = h W2ᵀ + b2      loss = mean of -log softmax(y)[target]
//
// No tensors, no graph, no allocation; sizes known to the compiler; gradients written out by hand. What a runtime takes
// beyond this is what its generality costs.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace benchmarks {

template <std::size_t Inputs, std::size_t Hidden, std::size_t Outputs, std::size_t Batch>
class alignas(64) PlainMlp {  // as Cairn's storages: where the numbers lie must not decide
 public:
  struct Parameters {
    std::array<float, Hidden * Inputs> weight1{};
    std::array<float, Hidden> bias1{};
    std::array<float, Outputs * Hidden> weight2{};
    std::array<float, Outputs> bias2{};
  };
  using Input = std::array<float, Batch * Inputs>;
  using Target = std::array<std::int64_t, Batch>;

  explicit PlainMlp(const Parameters& parameters) : parameters_(parameters) {}

  /// Zeroes the gradients, goes forward and backward, and updates by SGD with momentum; returns the loss.
  [[gnu::noinline, gnu::aligned(64)]] float sgd_step(const Input& x, const Target& target, float lr, float momentum) {
    const float loss = gradients(x, target);
    const auto update = [&](auto& parameter, const auto& grad, auto& buffer, auto&) {
      for (std::size_t i = 0; i < parameter.size(); ++i) {
        buffer[i] = momentum * buffer[i] + grad[i];
        parameter[i] -= lr * buffer[i];
      }
    };
    update_all(update);
    return loss;
  }

  /// As sgd_step, but by Adam with PyTorch's default options.
  [[gnu::noinline, gnu::aligned(64)]] float adam_step(const Input& x, const Target& target, float lr) {
    constexpr float beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
    const float loss = gradients(x, target);
    power1_ *= beta1;
    power2_ *= beta2;
    const float step_size = lr / static_cast<float>(1 - power1_), root = std::sqrt(static_cast<float>(1 - power2_));
    const auto update = [&](auto& parameter, const auto& grad, auto& first, auto& second) {
      for (std::size_t i = 0; i < parameter.size(); ++i) {
        first[i] += (1 - beta1) * (grad[i] - first[i]);
        second[i] = beta2 * second[i] + (1 - beta2) * grad[i] * grad[i];
        parameter[i] -= step_size * first[i] / (std::sqrt(second[i]) / root + eps);
      }
    };
    update_all(update);
    return loss;
  }

  /// The outputs for one row.
  std::array<float, Outputs> infer_row(const float* x) const {
    std::array<float, Hidden> hidden;
    std::array<float, Outputs> output;
    forward(x, hidden, output);
    return output;
  }

 private:
  /// Of the mean loss, anew; returns the loss.
  float gradients(const Input& x, const Target& target) {
    grad_ = {};
    float loss = 0;
    for (std::size_t n = 0; n < Batch; ++n) {
      std::array<float, Hidden> hidden;
      std::array<float, Outputs> output;
      forward(&x[n * Inputs], hidden, output);
      loss += backward(&x[n * Inputs], static_cast<std::size_t>(target[n]), hidden, output);
    }
    return loss / Batch;
  }

  template <class Update>
  void update_all(const Update& update) {
    update(parameters_.weight1, grad_.weight1, first_.weight1, second_.weight1);
    update(parameters_.bias1, grad_.bias1, first_.bias1, second_.bias1);
    update(parameters_.weight2, grad_.weight2, first_.weight2, second_.weight2);
    update(parameters_.bias2, grad_.bias2, first_.bias2, second_.bias2);
  }

  void forward(const float* x, std::array<float, Hidden>& hidden, std::array<float, Outputs>& output) const {
    for (std::size_t h = 0; h < Hidden; ++h) {
      float sum = parameters_.bias1[h];
      for (std::size_t i = 0; i < Inputs; ++i) sum += parameters_.weight1[h * Inputs + i] * x[i];
      hidden[h] = std::max(sum, 0.0f);
    }
    for (std::size_t o = 0; o < Outputs; ++o) {
      float sum = parameters_.bias2[o];
      for (std::size_t h = 0; h < Hidden; ++h) sum += parameters_.weight2[o * Hidden + h] * hidden[h];
      output[o] = sum;
    }
  }

  /// Adds one row's gradients, and returns its loss.
  float backward(const float* x, std::size_t target, const std::array<float, Hidden>& hidden,
                 std::array<float, Outputs>& output) {
    const float largest = *std::max_element(output.begin(), output.end());
    float sum = 0;
    for (float y : output) sum += std::exp(y - largest);
    const float log_sum = largest + std::log(sum);
    const float loss = log_sum - output[target];

    std::array<float, Hidden> grad_hidden{};
    for (std::size_t o = 0; o < Outputs; ++o) {
      const float grad_output = (std::exp(output[o] - log_sum) - (o == target ? 1.0f : 0.0f)) / Batch;
      grad_.bias2[o] += grad_output;
      for (std::size_t h = 0; h < Hidden; ++h) {
        grad_.weight2[o * Hidden + h] += grad_output * hidden[h];
        grad_hidden[h] += grad_output * parameters_.weight2[o * Hidden + h];
      }
    }
    for (std::size_t h = 0; h < Hidden; ++h) {
      const float grad = hidden[h] > 0 ? grad_hidden[h] : 0.0f;
      grad_.bias1[h] += grad;
      for (std::size_t i = 0; i < Inputs; ++i) grad_.weight1[h * Inputs + i] += grad * x[i];
    }
    return loss;
  }

  Parameters parameters_;
  Parameters grad_;
  Parameters first_, second_;  // SGD's buffers are the first
  double power1_ = 1, power2_ = 1;
};

}  // namespace benchmarks
