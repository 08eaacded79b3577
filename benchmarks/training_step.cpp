// How long a training step takes: zero_grad, forward, cross-entropy, backward, update.
//
//   mlp-3-5-2-b4            where the cost of a call is everything; beside the same step in bare loops
//   (peers/plain_mlp.h) mlp-64-32-10-b32        small layers, without and with BatchNorm1d mlp-784-256-10-b64 where
//   matrix multiplication begins to count mlp-784-1024-10-b256    where it is all that counts
//
// For each: sgd_step (momentum 0.9), adam_step, and infer_row: one row through the trained network, without a graph.
#include <cairn/cairn.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure.h"
#include "peers/plain_mlp.h"

using namespace cairn;

namespace {

struct Case {
  std::string name;
  std::int64_t inputs, hidden, outputs, batch;
  bool batch_norm;
};

const std::vector<Case> cases = {
    {"mlp-3-5-2-b4", 3, 5, 2, 4, false},
    {"mlp-64-32-10-b32", 64, 32, 10, 32, false},
    {"mlp-bn-64-32-10-b32", 64, 32, 10, 32, true},
    {"mlp-784-256-10-b64", 784, 256, 10, 64, false},
    {"mlp-784-1024-10-b256", 784, 1024, 10, 256, false},
};

const std::vector<std::string> whats = {"sgd_step", "adam_step", "infer_row"};

struct Mlp : nn::Module {
  explicit Mlp(const Case& sizes)
      : fc1{this, "fc1", sizes.inputs, sizes.hidden}, fc2{this, "fc2", sizes.hidden, sizes.outputs} {
    if (sizes.batch_norm) norm.emplace(this, "norm", sizes.hidden);
  }

  Tensor forward(const Tensor& x) override {
    Tensor hidden = fc1(x);
    if (norm) hidden = (*norm)(hidden);
    return fc2(relu(hidden));
  }

  nn::Child<nn::Linear> fc1, fc2;
  std::optional<nn::Child<nn::BatchNorm1d>> norm;
};

// So small that millions of steps leave a model where it was. Were it to learn, units would die, and their momentum
// would decay into denormal numbers, which take a hundred cycles each: time that has nothing to do with the step.
constexpr double timing_lr = 1e-9;

struct Data {
  explicit Data(const Case& sizes)
      : x(rand({sizes.batch, sizes.inputs}) * 2 - 1), target(zeros({sizes.batch}, {.dtype = DType::int64})) {
    for (std::int64_t i = 0; i < sizes.batch; ++i) target.data<std::int64_t>()[i] = i * 7 % sizes.outputs;
  }

  Tensor x, target;
};

template <class Optimizer>
Tensor training_step(Mlp& model, Optimizer& optimizer, const Data& data) {
  optimizer.zero_grad();
  Tensor loss = cross_entropy(model(data.x), data.target);
  loss.backward();
  optimizer.step();
  return loss;
}

struct Result {
  std::string name, what;
  double microseconds;
  std::optional<double> plain_microseconds;
};

/// The 3-5-2 step in bare loops, starting from the model's own numbers.
class PlainPeer {
 public:
  PlainPeer(const Mlp& model, const Data& data) : mlp_(parameters_of(model)) {
    std::ranges::copy(data.x.data<float>(), x_.begin());
    std::ranges::copy(data.target.data<std::int64_t>(), target_.begin());
  }

  float sgd_step(double lr) { return mlp_.sgd_step(x_, target_, static_cast<float>(lr), 0.9f); }
  auto infer_row() const { return mlp_.infer_row(x_.data()); }

 private:
  using Plain = benchmarks::PlainMlp<3, 5, 2, 4>;

  static Plain::Parameters parameters_of(const Mlp& model) {
    Plain::Parameters parameters;
    const StateDict state = model.state_dict();
    std::ranges::copy(state.at("fc1.weight").data<float>(), parameters.weight1.begin());
    std::ranges::copy(state.at("fc1.bias").data<float>(), parameters.bias1.begin());
    std::ranges::copy(state.at("fc2.weight").data<float>(), parameters.weight2.begin());
    std::ranges::copy(state.at("fc2.bias").data<float>(), parameters.bias2.begin());
    return parameters;
  }

  Plain mlp_;
  Plain::Input x_;
  Plain::Target target_;
};

/// Contenders that do different work are not worth timing: the losses of the first steps must agree.
void check_same_work(const Case& sizes, const Data& data) {
  Mlp model(sizes);
  optim::SGD sgd(model.parameters(), {.lr = 0.05, .momentum = 0.9});
  PlainPeer plain(model, data);
  for (int step = 0; step < 20; ++step) {
    const double ours = training_step(model, sgd, data).item(), theirs = plain.sgd_step(0.05);
    check<Error>(std::abs(ours - theirs) < 1e-5, "training_step: step ", step, ": the loss is ", ours,
                 ", but the bare loops say ", theirs, "; they must do the same work to be compared");
  }
}

std::vector<Result> measure(const Case& sizes, const std::vector<std::string>& wanted) {
  manual_seed(0);
  const Data data(sizes);
  const Tensor row = data.x.narrow(0, 0, 1).clone();
  Mlp sgd_model(sizes), adam_model(sizes), trained(sizes);
  trained.eval();
  optim::SGD sgd(sgd_model.parameters(), {.lr = timing_lr, .momentum = 0.9});
  optim::Adam adam(adam_model.parameters(), {.lr = timing_lr});

  const bool has_peer = sizes.name == cases.front().name;
  std::unique_ptr<PlainPeer> plain;
  if (has_peer) {
    check_same_work(sizes, data);
    plain = std::make_unique<PlainPeer>(sgd_model, data);
  }

  std::vector<benchmarks::Contender> ours(wanted.size()), theirs(wanted.size());
  std::vector<benchmarks::Contender*> all;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "sgd_step") ours[i].call = [&] { benchmarks::keep(training_step(sgd_model, sgd, data)); };
    if (wanted[i] == "adam_step") ours[i].call = [&] { benchmarks::keep(training_step(adam_model, adam, data)); };
    if (wanted[i] == "infer_row") {
      ours[i].call = [&] {
        NoGrad no_grad;
        benchmarks::keep(trained(row));
      };
    }
    all.push_back(&ours[i]);
    if (has_peer && wanted[i] == "sgd_step") theirs[i].call = [&] { benchmarks::keep(plain->sgd_step(timing_lr)); };
    if (has_peer && wanted[i] == "infer_row") theirs[i].call = [&] { benchmarks::keep(plain->infer_row()); };
    if (theirs[i].call) all.push_back(&theirs[i]);
  }
  benchmarks::take_turns(all, 41, 0.02);

  std::vector<Result> results;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Result result{sizes.name, wanted[i], ours[i].seconds * 1e6, std::nullopt};
    if (theirs[i].call) result.plain_microseconds = theirs[i].seconds * 1e6;
    results.push_back(result);
  }
  return results;
}

void print_json(const std::vector<Result>& results, int threads) {
  fmt::print("{{\"results\":[");
  for (const Result& result : results) {
    fmt::print("{}{{\"case\":\"{}\",\"what\":\"{}\",\"threads\":{},\"microseconds\":{:.4f}",
               &result == &results.front() ? "" : ",", result.name, result.what, threads, result.microseconds);
    if (result.plain_microseconds) fmt::print(",\"plain_microseconds\":{:.4f}", *result.plain_microseconds);
    fmt::print("}}");
  }
  fmt::print("]}}\n");
}

void print_table(const std::vector<Result>& results) {
  fmt::print("{:22} {:10} {:>12} {:>12} {:>7}\n", "case", "what", "us", "bare loops", "ratio");
  for (const Result& result : results) {
    fmt::print("{:22} {:10} {:12.3f}", result.name, result.what, result.microseconds);
    if (result.plain_microseconds) {
      fmt::print(" {:12.3f} {:6.1f}x", *result.plain_microseconds, result.microseconds / *result.plain_microseconds);
    }
    fmt::print("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Times training steps: zero_grad, forward, cross-entropy, backward, update (SGD: momentum 0.9)."};
  bool json = false;
  int threads = 1;
  std::vector<std::string> case_names, wanted;
  std::vector<std::string> known;
  for (const Case& sizes : cases) known.push_back(sizes.name);
  app.add_flag("--json", json, "print one line of JSON");
  app.add_option("--case", case_names, "only these cases")->check(CLI::IsMember(known));
  app.add_option("--what", wanted, "only these measures")->check(CLI::IsMember(whats));
  app.add_option("--threads", threads, "threads that take part in large operations")->check(CLI::Range(1, 256));
  app.footer("The case cnn-28x28-b64 comes with convolution, which Cairn does not have yet.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "error: {}; see --help\n", error.what());
    return 2;
  }
  if (wanted.empty()) wanted = whats;

  try {
    ThreadPool pool(threads);
    UseExecutor use(pool);
    std::vector<Result> results;
    for (const Case& sizes : cases) {
      if (!case_names.empty() && std::ranges::find(case_names, sizes.name) == case_names.end()) continue;
      for (Result& result : measure(sizes, wanted)) results.push_back(std::move(result));
    }
    json ? print_json(results, threads) : print_table(results);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
