// How long a training step takes: zero_grad, forward, cross-entropy, backward, update. The networks are in mlp.h; the
// smallest is timed beside the same step in bare loops (peers/plain_mlp.h).
//
// For each: sgd_step (momentum 0.9), adam_step, and infer_row: one row through the trained network, without a graph. On
// a device a round ends when the device has done all of its steps.
#include <cairn/cairn.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device.h"
#include "measure.h"
#include "mlp.h"
#include "peers/plain_mlp.h"

using namespace cairn;
using namespace benchmarks;

namespace {

const std::vector<std::string> whats = {"sgd_step", "adam_step", "infer_row"};

struct Result {
  std::string name, what;
  double microseconds;
  std::optional<double> plain_microseconds;
};

/// The 3-5-2 step in bare loops, starting from the model's own numbers.
class PlainPeer {
 public:
  PlainPeer(const Mlp& model, const MlpData& data) : mlp_(parameters_of(model)) {
    std::ranges::copy(data.x.data<float>(), x_.begin());
    std::ranges::copy(data.target.data<std::int64_t>(), target_.begin());
  }

  float sgd_step(double lr) { return mlp_.sgd_step(x_, target_, static_cast<float>(lr), 0.9f); }
  auto infer_row() const { return mlp_.infer_row(x_.data()); }

 private:
  using Plain = PlainMlp<3, 5, 2, 4>;

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
void check_same_work(const MlpCase& sizes, const MlpData& data) {
  Mlp model(sizes);
  optim::SGD sgd(model.parameters(), {.lr = 0.05, .momentum = 0.9});
  PlainPeer plain(model, data);
  for (int step = 0; step < 20; ++step) {
    const double ours = training_step(model, sgd, data).item(), theirs = plain.sgd_step(0.05);
    check<Error>(std::abs(ours - theirs) < 1e-5, "training_step: step ", step, ": the loss is ", ours,
                 ", but the bare loops say ", theirs, "; they must do the same work to be compared");
  }
}

std::vector<Result> measure(const MlpCase& sizes, const std::vector<std::string>& wanted, Device device) {
  manual_seed(0);
  const MlpData data(sizes, device);
  const Tensor row = data.x.narrow(0, 0, 1).clone();
  Mlp sgd_model(sizes), adam_model(sizes), trained(sizes);
  for (Mlp* model : {&sgd_model, &adam_model, &trained}) model->to(device);
  trained.eval();
  optim::SGD sgd(sgd_model.parameters(), {.lr = timing_lr, .momentum = 0.9});
  optim::Adam adam(adam_model.parameters(), {.lr = timing_lr});

  const bool has_peer = sizes.name == mlp_cases.front().name && device.is_cpu();
  std::unique_ptr<PlainPeer> plain;
  if (has_peer) {
    check_same_work(sizes, data);
    plain = std::make_unique<PlainPeer>(sgd_model, data);
  }

  std::vector<Contender> ours(wanted.size()), theirs(wanted.size());
  std::vector<Contender*> all;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "sgd_step") ours[i].call = [&] { keep(training_step(sgd_model, sgd, data)); };
    if (wanted[i] == "adam_step") ours[i].call = [&] { keep(training_step(adam_model, adam, data)); };
    if (wanted[i] == "infer_row") {
      ours[i].call = [&] {
        NoGrad no_grad;
        keep(trained(row));
      };
    }
    if (!device.is_cpu()) ours[i].finish = [device] { synchronize(device); };
    all.push_back(&ours[i]);
    if (has_peer && wanted[i] == "sgd_step") theirs[i].call = [&] { keep(plain->sgd_step(timing_lr)); };
    if (has_peer && wanted[i] == "infer_row") theirs[i].call = [&] { keep(plain->infer_row()); };
    if (theirs[i].call) all.push_back(&theirs[i]);
  }
  take_turns(all, 41, 0.02);

  std::vector<Result> results;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Result result{sizes.name, wanted[i], ours[i].seconds * 1e6, std::nullopt};
    if (theirs[i].call) result.plain_microseconds = theirs[i].seconds * 1e6;
    results.push_back(result);
  }
  return results;
}

void print_json(const std::vector<Result>& results, int threads, Device device) {
  fmt::print("{{\"results\":[");
  for (const Result& result : results) {
    fmt::print("{}{{\"case\":\"{}\",\"what\":\"{}\",\"threads\":{},\"microseconds\":{:.4f}",
               &result == &results.front() ? "" : ",", result.name, result.what, threads, result.microseconds);
    if (!device.is_cpu()) fmt::print(",\"device\":\"{}\"", to_string(device));
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
  for (const MlpCase& sizes : mlp_cases) known.push_back(sizes.name);
  app.add_flag("--json", json, "print one line of JSON");
  app.add_option("--case", case_names, "only these cases")->check(CLI::IsMember(known));
  app.add_option("--what", wanted, "only these measures")->check(CLI::IsMember(whats));
  app.add_option("--threads", threads, "threads that take part in large operations")->check(CLI::Range(1, 256));
  DeviceArguments where;
  where.declare(app);
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
    const Device device = where.device();
    for (const MlpCase& sizes : mlp_cases) {
      if (!case_names.empty() && std::ranges::find(case_names, sizes.name) == case_names.end()) continue;
      for (Result& result : measure(sizes, wanted, device)) results.push_back(std::move(result));
    }
    json ? print_json(results, threads, device) : print_table(results);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
