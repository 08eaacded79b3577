// The smallest network's step in the bare loops of plain_mlp.h.
#include <algorithm>

#include "peers/peer.h"
#include "peers/plain_mlp.h"

namespace benchmarks {
namespace {

class PlainLoops final : public Peer {
 public:
  using Mlp = PlainMlp<3, 5, 2, 4>;

  explicit PlainLoops(const PeerProblem& problem) : problem_(problem) {
    std::ranges::copy(problem.x, x_.begin());
    std::ranges::copy(problem.target, target_.begin());
  }

  std::function<float()> work(const std::string& what, double lr) override {
    Mlp::Parameters start;
    std::ranges::copy(problem_.weight1, start.weight1.begin());
    std::ranges::copy(problem_.bias1, start.bias1.begin());
    std::ranges::copy(problem_.weight2, start.weight2.begin());
    std::ranges::copy(problem_.bias2, start.bias2.begin());
    const auto mlp = std::make_shared<Mlp>(start);
    if (what == "sgd_step") return [this, mlp, lr] { return mlp->sgd_step(x_, target_, static_cast<float>(lr), 0.9f); };
    if (what == "adam_step") return [this, mlp, lr] { return mlp->adam_step(x_, target_, static_cast<float>(lr)); };
    if (what == "infer_row") return [this, mlp] { return mlp->infer_row(x_.data())[0]; };
    return {};
  }

 private:
  PeerProblem problem_;
  Mlp::Input x_;
  Mlp::Target target_;
};

}  // namespace

std::unique_ptr<Peer> plain_loops(const PeerProblem& problem, int) {
  const bool fits = problem.inputs == 3 && problem.hidden == 5 && problem.outputs == 2 && problem.batch == 4;
  return fits && !problem.batch_norm ? std::make_unique<PlainLoops>(problem) : nullptr;
}

}  // namespace benchmarks
