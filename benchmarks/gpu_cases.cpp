#include "gpu_cases.h"

#include <cairn/cairn.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <random>

#include "mlp.h"

using namespace cairn;

namespace benchmarks {
namespace {

/// A call that queues work on the device; a round ends when it is done.
Work queued(Device device, std::function<void()> call) {
  return {.contender = {.call = std::move(call), .finish = [device] { synchronize(device); }}};
}

std::string size_text(std::int64_t bytes) {
  return bytes >= 1 << 30   ? fmt::format("{}GiB", bytes >> 30)
         : bytes >= 1 << 20 ? fmt::format("{}MiB", bytes >> 20)
                            : fmt::format("{}KiB", bytes >> 10);
}

// Training steps.

void add_steps(std::vector<GpuCase>& cases, bool tiny) {
  for (const MlpCase& sizes : mlp_cases) {
    if (tiny && sizes.inputs > 64) continue;
    for (const auto& [prefix, what] : {std::pair{"sgd-", "sgd_step"}, {"adam-", "adam_step"}, {"row-", "infer_row"}}) {
      cases.push_back({prefix + sizes.name, "steps", [sizes, what = std::string(what)](Device device) {
                         manual_seed(0);
                         const MlpData data(sizes, device);
                         const auto work = mlp_work(what, sizes, Mlp(sizes), data, timing_lr);
                         return queued(device, [work] { keep(work()); });
                       }});
    }
  }
}

// Products.

void add_products(std::vector<GpuCase>& cases, bool tiny) {
  for (const DType dtype : {DType::float32, DType::float16, DType::bfloat16}) {
    for (const std::int64_t n : {256, 512, 1024, 2048, 4096, 8192}) {
      const std::int64_t size = tiny ? n / 32 : n;
      if (tiny && n > 1024) continue;
      cases.push_back(
          {fmt::format("matmul-{}-{}", size, name(dtype)), "products", [size, dtype](Device device) {
             const Tensor a = rand({size, size}).to(dtype).to(device), b = rand({size, size}).to(dtype).to(device);
             Work work = queued(device, [a, b] { keep(matmul(a, b)); });
             const auto n = static_cast<double>(size);
             work.flops = 2 * n * n * n;
             return work;
           }});
    }
  }
}

// Numbers through a kernel.

void add_memory(std::vector<GpuCase>& cases, bool tiny) {
  const std::int64_t side = tiny ? 48 : 8192;  // square matrices
  struct Kind {
    const char* name;
    int passes;  // how often each element is read or written
    Tensor (*compute)(const Tensor&);
  };
  const Kind kinds[] = {{"add", 3, [](const Tensor& x) { return x + x.detach(); }},
                        {"add-transposed", 3, [](const Tensor& x) { return x + x.t(); }},
                        {"relu", 2, [](const Tensor& x) { return relu(x); }},
                        {"sum", 1, [](const Tensor& x) { return sum(x); }},
                        {"sum-rows", 1, [](const Tensor& x) { return sum(x, Shape{1}); }},
                        {"sum-columns", 1, [](const Tensor& x) { return sum(x, Shape{0}); }}};
  for (const DType dtype : {DType::float32, DType::bfloat16}) {
    for (const Kind& kind : kinds) {
      cases.push_back({fmt::format("{}-{}", kind.name, name(dtype)), "memory", [=](Device device) {
                         const Tensor x = rand({side, side}).to(dtype).to(device);
                         Work work = queued(device, [x, kind] { keep(kind.compute(x)); });
                         work.bytes = static_cast<double>(kind.passes * x.nbytes());
                         return work;
                       }});
    }
  }
}

// Copies.

void add_copies(std::vector<GpuCase>& cases, bool tiny) {
  for (const std::int64_t bytes : {std::int64_t{4} << 10, std::int64_t{1} << 20, std::int64_t{256} << 20}) {
    if (tiny && bytes > 1 << 20) continue;
    for (const bool to_device : {true, false}) {
      cases.push_back(
          {fmt::format("{}-{}", to_device ? "to-device" : "to-host", size_text(bytes)), "copies", [=](Device device) {
             const Tensor here = rand({bytes / 4}), there = zeros({bytes / 4}, {.device = device});
             Work work = queued(device, [=] { to_device ? there.copy_(here) : here.copy_(there); });
             work.bytes = static_cast<double>(bytes);
             return work;
           }});
    }
  }
}

// Files.

/// A state dict on the device, and its file.
class Saved {
 public:
  Saved(std::int64_t tensors, std::int64_t bytes, const std::string& folder, Device device)
      : path_(fmt::format("{}/cairn_benchmark_{:08x}.cairn", folder, std::random_device{}())) {
    for (std::int64_t i = 0; i < tensors; ++i) {
      const Tensor here = rand({bytes / tensors / 4}) * 0.04 - 0.02;
      state_.set(fmt::format("layers.{}.weight", i), here.to(device));
      targets_.push_back(zeros({here.numel()}, {.device = device}));
    }
    value_ = {{"model", state_}};
  }
  ~Saved() { remove(); }
  Saved(const Saved&) = delete;
  Saved& operator=(const Saved&) = delete;

  void remove() const {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  void save() const { io::save(path_, value_, {.preset = io::Preset::none, .synced = false}); }

  /// Every chunk verified, and its numbers in a tensor that was there.
  void load() const {
    const Value value = io::open(path_);
    std::vector<Transfer> batch;
    std::size_t i = 0;
    for (const StateDict::Entry& entry : value["model"].as_state_dict())
      batch.push_back({entry.first, entry.second.as_tensor(), targets_[i++]});
    source_of(batch.front().from)->read(batch, {}, nullptr);
  }

  /// A load that does not load is not worth timing.
  void check() const {
    std::size_t i = 0;
    for (const StateDict::Entry& entry : state_)
      cairn::check<Error>(abs(entry.second.as_tensor() - targets_[i++]).sum().item() == 0, "gpu: ", entry.first,
                          " was not loaded as it was saved");
  }

 private:
  std::string path_;
  StateDict state_;
  Value value_;
  std::vector<Tensor> targets_;
};

void add_files(std::vector<GpuCase>& cases, bool tiny, const std::string& folder) {
  struct Size {
    std::int64_t tensors, bytes;
  };
  const std::vector<Size> sizes =
      tiny ? std::vector<Size>{{4, 64 << 10}} : std::vector<Size>{{44, 44 << 20}, {16, std::int64_t{1} << 30}};
  for (const Size& size : sizes) {
    for (const bool saving : {true, false}) {
      cases.push_back(
          {fmt::format("{}-{}", saving ? "save" : "load", size_text(size.bytes)), "files", [=](Device device) {
             const auto saved = std::make_shared<Saved>(size.tensors, size.bytes, folder, device);
             Work work = queued(device, [=] { saving ? saved->save() : saved->load(); });
             work.bytes = static_cast<double>(size.bytes);
             if (saving) {
               work.contender.prepare = [saved] { saved->remove(); };
             } else {
               saved->save();
               saved->load();
               saved->check();
             }
             return work;
           }});
    }
  }
}

}  // namespace

std::vector<GpuCase> gpu_cases(bool tiny, const std::string& folder) {
  std::vector<GpuCase> cases;
  add_steps(cases, tiny);
  add_products(cases, tiny);
  add_memory(cases, tiny);
  add_copies(cases, tiny);
  add_files(cases, tiny, folder);
  return cases;
}

std::string losses_json(Device device) {
  std::string json;
  for (const MlpCase& sizes : mlp_cases) {
    manual_seed(0);
    const MlpData data(sizes, device);
    Mlp model(sizes);
    model.to(device);
    optim::SGD sgd(model.parameters(), {.lr = 0.05, .momentum = 0.9});
    double loss = 0;
    for (int step = 0; step < 20; ++step) loss = training_step(model, sgd, data).item();
    json += fmt::format("{}\"{}\":{:.9g}", json.empty() ? "{" : ",", sizes.name, loss);
  }
  return json + "}";
}

}  // namespace benchmarks
