// How long a training step takes: zero_grad, forward, cross-entropy, backward, update; and its parts. The networks and
// the kinds of work are in mlp.h and image_cases.h, those who do the same work beside Cairn in peers/peer.h.
//
// Forward and backward are also given in floating-point operations of matrix products per second, and as a fraction of
// what this machine's registers can do at most (fma_peak.h), measured in turns with it. On a device a round ends when
// the device has done all of its steps.
#include <cairn/cairn.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "device.h"
#include "fma_peak.h"
#include "image_cases.h"
#include "measure.h"
#include "mlp.h"
#include "peers/peer.h"

using namespace cairn;
using namespace benchmarks;

namespace {

const std::vector<PeerMaker> peer_makers = {
    {"plain", plain_loops},
    {"eigen", plain_eigen},
#ifdef CAIRN_BENCHMARK_LIBTORCH
    {"libtorch", libtorch},
#endif
};

struct Result {
  std::string name, what;
  double microseconds;
  std::vector<std::pair<std::string, double>> peers = {};  // microseconds of each
  double flops = 0, peak_flops = 0;                        // a second, where they say something
  std::optional<double> one_thread_microseconds = {}, ratio = {};
};

std::vector<float> copy_of(const Tensor& tensor) {
  const auto numbers = tensor.data<float>();
  return {numbers.begin(), numbers.end()};
}
std::vector<std::int64_t> targets_of(const MlpData& data) {
  const auto target = data.target.data<std::int64_t>();
  return {target.begin(), target.end()};
}

PeerProblem problem_of(const MlpCase& sizes, const Mlp& model, const MlpData& data) {
  const StateDict state = model.state_dict();
  return {sizes.inputs,
          sizes.hidden,
          sizes.outputs,
          sizes.batch,
          sizes.batch_norm,
          copy_of(state.at("fc1.weight")),
          copy_of(state.at("fc1.bias")),
          copy_of(state.at("fc2.weight")),
          copy_of(state.at("fc2.bias")),
          copy_of(data.x),
          targets_of(data)};
}

using Peers = std::vector<std::pair<std::string, std::unique_ptr<Peer>>>;

/// A network to be timed.
struct Subject {
  std::string name;
  double product_flops;    // of forward_backward
  double sgd_lr, adam_lr;  // as in image_cases.h
  std::function<std::function<Tensor()>(const std::string& what, double lr)> work;
  std::function<Peers(int threads)> peers;
};

Subject subject_of(const MlpCase& sizes, Device device) {
  manual_seed(0);
  const MlpData data(sizes, device);
  const auto start = std::make_shared<Mlp>(sizes);
  return {sizes.name,
          product_flops(sizes),
          0.05,
          1e-3,
          [=](const std::string& what, double lr) { return mlp_work(what, sizes, *start, data, lr); },
          [=](int threads) {
            Peers peers;
            const PeerProblem problem = problem_of(sizes, *start, data);
            for (const PeerMaker& maker : peer_makers)
              if (auto peer = maker.make(problem, threads)) peers.emplace_back(maker.name, std::move(peer));
            return peers;
          }};
}

Subject subject_of(const ImageCase& sizes, Device device) {
  manual_seed(0);
  const MlpData data = image_data(sizes, device);
  const std::shared_ptr<nn::Module> start = sizes.make();
  const double flops = product_flops(sizes.make()->to(device), data);
  return {sizes.name,
          flops,
          sizes.sgd_lr,
          sizes.adam_lr,
          [=](const std::string& what, double lr) { return image_work(what, sizes, *start, data, lr); },
          [=]([[maybe_unused]] int threads) {
            Peers peers;
#ifdef CAIRN_BENCHMARK_LIBTORCH
            ImageProblem problem{sizes.name,    sizes.batch, sizes.channels,  sizes.side,
                                 sizes.classes, {},          copy_of(data.x), targets_of(data)};
            for (const Tensor& parameter : start->parameters()) problem.parameters.push_back(copy_of(parameter));
            peers.emplace_back("libtorch", libtorch_images(problem, threads));
#endif
            return peers;
          }};
}

/// Contenders that do different work are not worth timing: what the first steps return must agree.
void check_same_work(const std::string& peer, const std::function<float()>& theirs, const std::string& name,
                     const std::string& what, const std::function<Tensor()>& ours) {
  for (int step = 0; step < 10; ++step) {
    const Tensor value = ours();
    const double mine = value.data<float>()[0], other = theirs();
    check<Error>(std::abs(mine - other) < 1e-4, "training_step: ", name, ", ", what, ", step ", step,
                 ": Cairn's number is ", mine, ", but ", peer, " says ", other,
                 "; they must do the same work to be compared");
  }
}

/// Cairn's work of a kind, and what it is timed in turns with.
struct Entry {
  std::string what;
  Contender ours;
  std::vector<std::pair<std::string, Contender>> theirs;
};

std::vector<Result> measure(const Subject& subject, const std::vector<std::string>& wanted, Device device,
                            int threads) {
  const Peers peers = device.is_cpu() ? subject.peers(threads) : Peers();

  std::vector<Entry> entries;
  for (const std::string& what : wanted) {
    Entry entry{what, {[work = subject.work(what, timing_lr)] { keep(work()); }}, {}};
    if (!device.is_cpu()) entry.ours.finish = [device] { synchronize(device); };
    for (const auto& [name, peer] : peers) {
      const double lr = what == "adam_step" ? subject.adam_lr : subject.sgd_lr;
      const std::function<float()> checked = peer->work(what, lr);
      if (!checked) continue;
      check_same_work(name, checked, subject.name, what, subject.work(what, lr));
      entry.theirs.push_back({name, {[work = peer->work(what, timing_lr)] { keep(work()); }}});
    }
    entries.push_back(std::move(entry));
  }

  Contender peak{[] { multiply_and_add(); }};
  std::vector<Contender*> all;
  for (Entry& entry : entries) {
    all.push_back(&entry.ours);
    for (auto& [name, contender] : entry.theirs) all.push_back(&contender);
    if (entry.what == "forward_backward" && device.is_cpu()) all.push_back(&peak);
  }
  take_turns(all, 41, 0.02);

  std::vector<Result> results;
  for (const Entry& entry : entries) {
    Result result{subject.name, entry.what, entry.ours.seconds * 1e6};
    for (const auto& [name, contender] : entry.theirs) result.peers.emplace_back(name, contender.seconds * 1e6);
    if (peak.seconds > 0 && entry.what == "forward_backward") {
      result.flops = subject.product_flops / entry.ours.seconds;
      result.peak_flops = threads * static_cast<double>(multiply_and_add()) / peak.seconds;
    }
    results.push_back(std::move(result));
  }
  return results;
}

/// With `pool` and without, in pairs.
std::vector<Result> measure_threads(const Subject& subject, const std::vector<std::string>& wanted, ThreadPool& pool) {
  ThreadPool alone(1);
  std::vector<Result> results;
  for (const std::string& what : wanted) {
    const auto work = subject.work(what, timing_lr);
    const auto with = [&work](ThreadPool& executor) {
      return Contender{[&] {
        const UseExecutor use(executor);
        keep(work());
      }};
    };
    Contender one = with(alone), many = with(pool);
    const double ratio = ratio_of_pairs(one, many, 15, 0.02);
    Result result{subject.name, what, many.seconds * 1e6};
    result.one_thread_microseconds = one.seconds * 1e6;
    result.ratio = ratio;
    results.push_back(std::move(result));
  }
  return results;
}

void print_json(const std::vector<Result>& results, int threads, Device device) {
  fmt::print("{{\"results\":[");
  for (const Result& result : results) {
    fmt::print("{}{{\"case\":\"{}\",\"what\":\"{}\",\"threads\":{},\"microseconds\":{:.4f}",
               &result == &results.front() ? "" : ",", result.name, result.what, threads, result.microseconds);
    if (!device.is_cpu()) fmt::print(",\"device\":\"{}\"", to_string(device));
    for (const auto& [name, microseconds] : result.peers) fmt::print(",\"{}_microseconds\":{:.4f}", name, microseconds);
    if (result.flops > 0)
      fmt::print(",\"gflops\":{:.2f},\"peak_gflops\":{:.2f},\"of_peak\":{:.4f}", result.flops / 1e9,
                 result.peak_flops / 1e9, result.flops / result.peak_flops);
    if (result.ratio)
      fmt::print(",\"one_thread_microseconds\":{:.4f},\"ratio_to_one_thread\":{:.4f}", *result.one_thread_microseconds,
                 *result.ratio);
    fmt::print("}}");
  }
  fmt::print("]}}\n");
}

void print_table(const std::vector<Result>& results) {
  fmt::print("{:22} {:16} {:>11}   beside it\n", "case", "what", "us");
  for (const Result& result : results) {
    fmt::print("{:22} {:16} {:11.3f}  ", result.name, result.what, result.microseconds);
    for (const auto& [name, microseconds] : result.peers)
      fmt::print(" {} {:.3f} ({:.2f}x)", name, microseconds, result.microseconds / microseconds);
    if (result.flops > 0)
      fmt::print(" {:.1f} GFLOP/s, {:.2f} of the peak", result.flops / 1e9, result.flops / result.peak_flops);
    if (result.ratio)
      fmt::print(" one thread {:.3f}, median ratio {:.3f}", *result.one_thread_microseconds, *result.ratio);
    fmt::print("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Times training steps: zero_grad, forward, cross-entropy, backward, update (SGD: momentum 0.9)."};
  bool json = false, threads_ratio = false;
  int threads = 1;
  std::vector<std::string> case_names, wanted;
  std::vector<std::string> known;
  for (const MlpCase& sizes : mlp_cases) known.push_back(sizes.name);
  for (const ImageCase& sizes : image_cases) known.push_back(sizes.name);
  app.add_flag("--json", json, "print one line of JSON");
  app.add_option("--case", case_names, "only these cases")->check(CLI::IsMember(known));
  app.add_option("--what", wanted, "only these measures")->check(CLI::IsMember(mlp_works));
  app.add_option("--threads", threads, "threads that take part in large operations")->check(CLI::Range(1, 256));
  app.add_flag("--threads-ratio", threads_ratio,
               "time --threads (or 2) in pairs with one, on the CPU, and give the ratio");
  DeviceArguments where;
  where.declare(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "error: {}; see --help\n", error.what());
    return 2;
  }
  if (wanted.empty()) wanted = mlp_works;
  if (threads_ratio && threads == 1) threads = 2;

  try {
    ThreadPool pool(threads);
    UseExecutor use(pool);
    std::vector<Result> results;
    const Device device = where.device();
    for (const std::string& name : known) {
      if (!case_names.empty() && std::ranges::find(case_names, name) == case_names.end()) continue;
      const auto mlp = std::ranges::find(mlp_cases, name, &MlpCase::name);
      const Subject subject = mlp != mlp_cases.end()
                                  ? subject_of(*mlp, device)
                                  : subject_of(*std::ranges::find(image_cases, name, &ImageCase::name), device);
      for (Result& result :
           threads_ratio ? measure_threads(subject, wanted, pool) : measure(subject, wanted, device, threads))
        results.push_back(std::move(result));
    }
    json ? print_json(results, threads, device) : print_table(results);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
