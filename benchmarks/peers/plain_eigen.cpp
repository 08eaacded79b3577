// The step as one writes it by hand with Eigen: matrices made once, products without temporaries, gradients written
// out. Compiled for the machine it is built on.
#include <Eigen/Core>
#include <cmath>

#include "peers/peer.h"

namespace benchmarks {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::Matrix<float, 1, Eigen::Dynamic, Eigen::RowMajor>;

Matrix matrix(const std::vector<float>& numbers, std::int64_t rows, std::int64_t columns) {
  return Eigen::Map<const Matrix>(numbers.data(), rows, columns);
}

struct Mlp {
  explicit Mlp(const PeerProblem& p)
      : x(matrix(p.x, p.batch, p.inputs)),
        weight1(matrix(p.weight1, p.hidden, p.inputs)),
        weight2(matrix(p.weight2, p.outputs, p.hidden)),
        bias1(matrix(p.bias1, 1, p.hidden)),
        bias2(matrix(p.bias2, 1, p.outputs)),
        weight1_buffer(Matrix::Zero(p.hidden, p.inputs)),
        weight2_buffer(Matrix::Zero(p.outputs, p.hidden)),
        bias1_buffer(Row::Zero(p.hidden)),
        bias2_buffer(Row::Zero(p.outputs)),
        target(p.target) {}

  float forward_backward() {
    hidden.noalias() = x * weight1.transpose();
    hidden = (hidden.rowwise() + bias1).cwiseMax(0.0f);
    y.noalias() = hidden * weight2.transpose();
    y.rowwise() += bias2;
    float loss = 0;
    const auto batch = static_cast<float>(y.rows());
    for (Eigen::Index i = 0; i < y.rows(); ++i) {
      const auto wanted = static_cast<Eigen::Index>(target[static_cast<std::size_t>(i)]);
      const float largest = y.row(i).maxCoeff();
      const float log_sum = largest + std::log((y.row(i).array() - largest).exp().sum());
      loss += log_sum - y(i, wanted);
      y.row(i) = (y.row(i).array() - log_sum).exp() / batch;  // from here on its gradient
      y(i, wanted) -= 1 / batch;
    }
    grad_weight2.noalias() = y.transpose() * hidden;
    grad_bias2 = y.colwise().sum();
    grad_hidden.noalias() = y * weight2;
    grad_hidden = (hidden.array() > 0).select(grad_hidden, 0.0f);
    grad_weight1.noalias() = grad_hidden.transpose() * x;
    grad_bias1 = grad_hidden.colwise().sum();
    return loss / batch;
  }

  float sgd_step(float lr) {
    const float loss = forward_backward();
    const auto update = [lr](auto& parameter, auto& buffer, const auto& grad) {
      buffer = 0.9f * buffer + grad;
      parameter -= lr * buffer;
    };
    update(weight1, weight1_buffer, grad_weight1);
    update(bias1, bias1_buffer, grad_bias1);
    update(weight2, weight2_buffer, grad_weight2);
    update(bias2, bias2_buffer, grad_bias2);
    return loss;
  }

  float infer_row() {
    row_hidden.noalias() = x.row(0) * weight1.transpose();
    row_hidden = (row_hidden + bias1).cwiseMax(0.0f);
    row_y.noalias() = row_hidden * weight2.transpose();
    row_y += bias2;
    return row_y[0];
  }

  Matrix x, weight1, weight2;
  Row bias1, bias2;
  Matrix weight1_buffer, weight2_buffer;
  Row bias1_buffer, bias2_buffer;
  Matrix hidden, y, grad_hidden, grad_weight1, grad_weight2;
  Row grad_bias1, grad_bias2, row_hidden, row_y;
  std::vector<std::int64_t> target;
};

class PlainEigen final : public Peer {
 public:
  explicit PlainEigen(const PeerProblem& problem) : problem_(problem) {}

  std::function<float()> work(const std::string& what, double lr) override {
    const auto mlp = std::make_shared<Mlp>(problem_);
    if (what == "forward_backward") return [mlp] { return mlp->forward_backward(); };
    if (what == "sgd_step") return [mlp, lr] { return mlp->sgd_step(static_cast<float>(lr)); };
    if (what == "infer_row") return [mlp] { return mlp->infer_row(); };
    return {};
  }

 private:
  PeerProblem problem_;
};

}  // namespace

std::unique_ptr<Peer> plain_eigen(const PeerProblem& problem, int) {
  return problem.batch_norm ? nullptr : std::make_unique<PlainEigen>(problem);
}

}  // namespace benchmarks
