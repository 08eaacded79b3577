// How long saving and loading take, beside a memcpy of the same bytes in the same run, and beside the bare calls of the
// system (bare_files.h) where there is a file.
//
//   tiny       9.6 KB in 4 tensors: where the cost of a call is everything
//   many       10,000 tensors of 1 KiB: where the index counts
//   resnet18   46 MB in the shapes of a ResNet-18
//   1gib-f32   1 GiB, Gaussian of deviation 0.02 as weights are; 1gib-bf16 the same as bfloat16
//
// save: all of it, into a file (under a name that is free, and not synced unless --synced) or into memory that was used
// before. load: every chunk verified and copied into tensors that were there before. load_new: into new ones, and with
// the tree built. load_atomic: into those that were there as a LoadPlan does it, nothing changed unless all of it is
// right. open: the index read, the tree built, no number touched. Files are warm, in the system's cache, unless --cold
// puts them out of it before each load. With --serve the program reads what to measure, "CASE WHAT PRESET IO", and
// answers each line with one of JSON. With 1 GiB, which should not take minutes, the presets small and max,
// load_atomic, load_new and mmap are measured when asked for by --preset, --what and --io; max for other states, too.
#include <cairn/core.h>
#include <cairn/io.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "bare_files.h"
#include "measure.h"

using namespace cairn;

namespace {

const std::vector<std::string> cases = {"tiny", "many", "resnet18", "1gib-f32", "1gib-bf16"};
const std::vector<std::string> whats = {"save", "load", "load_new", "load_atomic", "open"};
const std::vector<std::string> ways = {"memory", "pread", "mmap"};
const std::vector<std::pair<std::string, io::Preset>> presets = {
    {"none", io::Preset::none}, {"fast", io::Preset::fast}, {"small", io::Preset::small}, {"max", io::Preset::max}};

constexpr std::uint64_t is_large = std::uint64_t{100} << 20;
constexpr double seconds_for_a_case = 12;  // of measuring; making the numbers takes a few more

/// Gaussian numbers of deviation 0.02 and of one dtype. A block of them is drawn and repeated: chunks are packed one by
/// one, none sees that another is like it.
class Weights {
 public:
  explicit Weights(DType dtype) {
    std::mt19937_64 random(0);
    std::normal_distribution<float> weight(0, 0.02f);
    std::vector<float> numbers((1 << 20) + 4099);
    for (float& number : numbers) number = weight(random);
    block_ = from_data(std::span<const float>(numbers), {static_cast<std::int64_t>(numbers.size())}).to(dtype);
  }

  void fill(const Tensor& tensor) {
    for (std::int64_t done = 0; done < tensor.nbytes();) {
      const std::int64_t size = std::min(tensor.nbytes() - done, block_.nbytes() - at_);
      std::memcpy(static_cast<char*>(tensor.raw_data()) + done, static_cast<const char*>(block_.raw_data()) + at_,
                  static_cast<std::size_t>(size));
      at_ = (at_ + size) % block_.nbytes();
      done += size;
    }
  }

 private:
  Tensor block_;
  std::int64_t at_ = 0;
};

Tensor weights(const Shape& shape, DType dtype = DType::float32) {
  static Weights single(DType::float32), half(DType::bfloat16);
  const Tensor made = empty(shape, {.dtype = dtype});
  (dtype == DType::float32 ? single : half).fill(made);
  return made;
}

StateDict resnet18() {
  StateDict state;
  const auto convolution = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t size) {
    state.set(name + ".weight", weights({out, in, size, size}));
  };
  const auto norm = [&](const std::string& name, std::int64_t channels) {
    for (const char* part : {"weight", "bias", "running_mean", "running_var"})
      state.set(name + "." + part, weights({channels}));
    state.set(name + ".num_batches_tracked", zeros({}, {.dtype = DType::int64}));
  };
  convolution("conv1", 64, 3, 7);
  norm("bn1", 64);
  std::int64_t in = 64;
  for (int layer = 1; layer <= 4; ++layer) {
    const std::int64_t out = 32 << layer;
    for (int block = 0; block < 2; ++block) {
      const std::string name = fmt::format("layer{}.{}", layer, block);
      convolution(name + ".conv1", out, in, 3);
      norm(name + ".bn1", out);
      convolution(name + ".conv2", out, out, 3);
      norm(name + ".bn2", out);
      if (in != out) {
        convolution(name + ".downsample.0", out, in, 1);
        norm(name + ".downsample.1", out);
      }
      in = out;
    }
  }
  state.set("fc.weight", weights({1000, 512}));
  state.set("fc.bias", weights({1000}));
  return state;
}

StateDict state_of(const std::string& name) {
  if (name == "resnet18") return resnet18();
  StateDict state;
  if (name == "tiny") {
    state.set("fc1.weight", weights({12, 192}));
    state.set("fc1.bias", weights({12}));
    state.set("fc2.weight", weights({6, 12}));
    state.set("fc2.bias", weights({6}));
  } else if (name == "many") {
    for (int i = 0; i < 10000; ++i) state.set(fmt::format("layers.{}.weight", i), weights({256}));
  } else {
    const bool half = name == "1gib-bf16";
    for (int i = 0; i < 16; ++i)
      state.set(fmt::format("layers.{}.weight", i),
                weights({half ? 8192 : 4096, 4096}, half ? DType::bfloat16 : DType::float32));
  }
  return state;
}

/// The highest memory use of the process since the last `forget`, in bytes.
class PeakMemory {
 public:
  void forget() { std::ofstream("/proc/self/clear_refs") << 5; }
  std::uint64_t bytes() const {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
    }
    return 0;
  }
};

struct Result {
  std::string name, what, preset, target, way;
  bool synced, warm;
  std::uint64_t bytes, stored, peak;
  double seconds, memcpy_seconds, bare_seconds;  // bare: 0 where there is no file, or none of its numbers is read
};

/// How files are treated.
struct Manner {
  std::string folder;
  bool synced = false, cold = false;
};

/// One state, its copies in warm memory, and what is done with them.
class Bench {
 public:
  Bench(std::string name, Manner manner)
      : name_(std::move(name)),
        manner_(std::move(manner)),
        path_(fmt::format("{}/cairn_benchmark_{:08x}.cairn", manner_.folder, std::random_device{}())),  // two may run
        state_(state_of(name_)) {
    for (const StateDict::Entry& entry : state_) {
      sources_.push_back(entry.second.as_tensor());
      targets_.push_back(entry.second.as_tensor().clone());
      bytes_ += static_cast<std::uint64_t>(sources_.back().nbytes());
    }
    make_places();
    value_ = Value{{"model", state_}};
  }
  ~Bench() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  /// `seconds` is what may be spent beyond the first call.
  Result measure(const std::string& what, const std::pair<std::string, io::Preset>& preset, const std::string& way,
                 double seconds) {
    const bool file = way != "memory";
    const std::string target = file ? "file" : "memory";
    const io::Access access = way == "mmap" ? io::Access::mapped : io::Access::read;
    const io::SaveOptions options{.preset = preset.second, .synced = manner_.synced};
    const std::function<void()> save = [&] {
      file ? io::save(path_, value_, options) : io::save_to_memory(value_, memory_, options);
    };
    const auto open = [&] { return file ? io::open(path_, {.access = access}) : io::open_memory(memory_.data); };
    if (saved_ != preset.first + target && (what != "save" || !file)) save();  // memory: so that it is warm
    saved_ = preset.first + target;
    std::function<void()> call = save;
    if (what == "open") call = [&] { benchmarks::keep(open()); };
    if (what == "load") call = [&] { read_into_targets(open()); };
    if (what == "load_new") call = [&] { benchmarks::keep(materialize(open())); };
    if (what == "load_atomic") call = [&] { plan(open()).commit(); };
    const bool is_load = what == "load" || what == "load_atomic";
    if (is_load) {
      for (const Tensor& tensor : targets_) tensor.fill_(0);
    }
    std::function<void()> prepare, bare;
    if (file && what == "save")
      prepare = [this] {
        std::filesystem::remove(path_);
        if (bytes_ > is_large) benchmarks::touch_free_memory(static_cast<std::size_t>(bytes_) * 3 / 2);
      };
    if (file && what != "save" && manner_.cold) prepare = [this] { benchmarks::make_cold(path_); };
    peak_.forget();
    if (prepare) prepare();
    const double once = timed(call, 1);
    if (is_load) check_loaded();
    const std::uint64_t stored = file ? std::filesystem::file_size(path_) : memory_.data.size();
    if (file && what == "save") bare = [&, stored] { benchmarks::save_bare(path_, from_, stored, manner_.synced); };
    if (file && is_load) bare = [&] { benchmarks::load_bare(path_, to_, way == "mmap"); };
    const auto [each, copy, bare_each] = time(call, bare, prepare, once, seconds);
    if (bare && what == "save") saved_.clear();  // what lies there now is no container
    return {name_,  what,   preset.first,  target, way,  manner_.synced, !manner_.cold,
            bytes_, stored, peak_.bytes(), each,   copy, bare_each};
  }

 private:
  static double timed(const std::function<void()>& call, int calls) {
    const double start = benchmarks::seconds_now();
    for (int i = 0; i < calls; ++i) call();
    return (benchmarks::seconds_now() - start) / calls;
  }

  struct Times {
    double call, copy, bare;
  };

  /// The call, the memcpy and the bare calls, if any, in turns: the medians of as many rounds as the time allows, at
  /// least one. `once` is the time of a call before; what takes longer than a second is not done again.
  Times time(const std::function<void()>& call, const std::function<void()>& bare, const std::function<void()>& prepare,
             double once, double seconds) const {
    const double end = benchmarks::seconds_now() + seconds;
    const auto calls_for = [](double each) { return std::max(1, static_cast<int>(0.005 / each)); };
    const std::function<void()> copy = [&] { copy_all(); };
    const int calls = prepare ? 1 : calls_for(once), copies = calls_for(timed(copy, 1));
    std::vector<double> call_seconds, copy_seconds, bare_seconds;
    do {
      if (bare) {
        if (prepare) prepare();
        bare_seconds.push_back(timed(bare, calls));
      }
      if (prepare && once < 1) prepare();
      call_seconds.push_back(once < 1 ? timed(call, calls) : once);
      copy_seconds.push_back(timed(copy, copies));
    } while (benchmarks::seconds_now() < end && call_seconds.size() < 101);
    return {benchmarks::median(call_seconds), benchmarks::median(copy_seconds),
            bare ? benchmarks::median(bare_seconds) : 0};
  }

  /// Where bare calls take bytes from and put them. Small tensors would take a call each: they lie in one place.
  void make_places() {
    const auto bytes_of = [](const Tensor& tensor) {
      return std::span(static_cast<std::byte*>(tensor.raw_data()), static_cast<std::size_t>(tensor.nbytes()));
    };
    if (bytes_ > is_large) {
      for (const Tensor& tensor : sources_) from_.push_back(bytes_of(tensor));
      for (const Tensor& tensor : targets_) to_.push_back(bytes_of(tensor));
    } else {
      room_.resize(static_cast<std::size_t>(bytes_) * 2 + (1 << 20));
      from_ = to_ = {room_};
    }
  }

  void copy_all() const {
    constexpr std::int64_t piece = 1 << 20;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const std::int64_t size = sources_[i].nbytes();
      parallel_for((size + piece - 1) / piece, [&](std::int64_t k) {
        std::memcpy(static_cast<char*>(targets_[i].raw_data()) + k * piece,
                    static_cast<const char*>(sources_[i].raw_data()) + k * piece,
                    static_cast<std::size_t>(std::min(piece, size - k * piece)));
      });
    }
  }

  void read_into_targets(const Value& value) const {
    std::vector<Transfer> batch;
    batch.reserve(targets_.size());
    std::size_t i = 0;
    for (const StateDict::Entry& entry : value["model"].as_state_dict())
      batch.push_back({entry.first, entry.second.as_tensor(), targets_[i++]});
    source_of(batch.front().from)->read(batch, {}, nullptr);
  }

  LoadPlan plan(const Value& value) const {
    LoadPlan plan;
    std::size_t i = 0;
    for (const StateDict::Entry& entry : value["model"].as_state_dict())
      plan.transfer(entry.first, entry.second.as_tensor(), targets_[i++]);
    return plan;
  }

  /// A load that does not load is not worth timing.
  void check_loaded() const {
    for (std::size_t i = 0; i < targets_.size(); ++i)
      check<Error>(std::memcmp(sources_[i].raw_data(), targets_[i].raw_data(),
                               static_cast<std::size_t>(sources_[i].nbytes())) == 0,
                   "save_load: tensor ", i, " of ", name_, " was not loaded as it was saved");
  }

  std::string name_;
  Manner manner_;
  std::string path_;
  StateDict state_;
  Value value_;
  std::vector<Tensor> sources_, targets_;
  std::uint64_t bytes_ = 0;
  Bytes memory_;
  std::vector<std::byte> room_;
  benchmarks::Places from_, to_;
  std::string saved_;  // the preset and target whose bytes lie there
  PeakMemory peak_;
};

nlohmann::ordered_json as_json(const Result& r, int threads) {
  nlohmann::ordered_json json{{"case", r.name},     {"what", r.what},       {"preset", r.preset},
                              {"target", r.target}, {"synced", r.synced},   {"threads", threads},
                              {"io", r.way},        {"warm", r.warm},       {"bytes", r.bytes},
                              {"stored", r.stored}, {"seconds", r.seconds}, {"memcpy_seconds", r.memcpy_seconds}};
  if (r.bare_seconds > 0) json["bare_seconds"] = r.bare_seconds;
  json["peak_rss"] = r.peak;
  return json;
}

void print_json(const std::vector<Result>& results, int threads) {
  nlohmann::ordered_json list = nlohmann::json::array();
  for (const Result& r : results) list.push_back(as_json(r, threads));
  fmt::print("{}\n", nlohmann::ordered_json{{"results", list}}.dump());
}

/// Answers "CASE WHAT PRESET IO" with the result of a few rounds, of 1 GiB of one, or an {"error": ...}. A state is
/// kept until another is asked for.
void serve(const Manner& manner, int threads) {
  fmt::print("{}\n", nlohmann::json{{"name", "Cairn"}, {"version", version()}}.dump());
  std::unique_ptr<Bench> bench;
  std::string of;
  for (std::string line; std::fflush(stdout), std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string name, what, preset_name, way;
    words >> name >> what >> preset_name >> way;
    const auto preset = std::ranges::find(presets, preset_name, &std::pair<std::string, io::Preset>::first);
    try {
      const auto known = [](const auto& list, const std::string& word) {
        return std::ranges::find(list, word) != std::ranges::end(list);
      };
      check<ValueError>(known(cases, name) && known(whats, what) && preset != presets.end() && known(ways, way),
                        "nothing is known of \"", line, "\"");
      if (of != name) {
        bench.reset();
        bench = std::make_unique<Bench>(of = name, manner);
      }
      fmt::print("{}\n",
                 as_json(bench->measure(what, *preset, way, name.starts_with("1gib") ? 0 : 0.2), threads).dump());
    } catch (const Error& error) {
      fmt::print("{}\n", nlohmann::json{{"error", error.what()}}.dump());
    }
  }
}

void print_row(const Result& r) {
  fmt::print("{:10} {:12} {:7} {:7} {:>12.1f} {:>9.2f} {:>8.2f} {:>8.3f} {:>9.0f}\n", r.name, r.what, r.preset, r.way,
             r.seconds * 1e6, static_cast<double>(r.bytes) / r.seconds / 1e9, r.memcpy_seconds / r.seconds,
             static_cast<double>(r.stored) / static_cast<double>(r.bytes), static_cast<double>(r.peak) / (1 << 20));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Times saving and loading, beside a memcpy of the same bytes."};
  bool json = false, serving = false;
  int threads = 1;
  Manner manner{.folder = std::filesystem::temp_directory_path().string()};
  std::vector<std::string> case_names, wanted, preset_names, wanted_ways, known_presets;
  for (const auto& preset : presets) known_presets.push_back(preset.first);
  app.add_flag("--json", json, "print one line of JSON");
  app.add_option("--case", case_names, "only these cases")->check(CLI::IsMember(cases));
  app.add_option("--what", wanted, "only these measures")->check(CLI::IsMember(whats));
  app.add_option("--preset", preset_names, "only these presets")->check(CLI::IsMember(known_presets));
  app.add_option("--io", wanted_ways, "only these ways: memory, or a file by pread or mmap")
      ->check(CLI::IsMember(ways));
  app.add_option("--threads", threads, "threads that take part")->check(CLI::Range(1, 256));
  app.add_option("--folder", manner.folder, "where files are saved to");
  app.add_flag("--synced", manner.synced, "saves return when the file is on the disk");
  app.add_flag("--cold", manner.cold, "files are taken out of the system's cache before they are loaded");
  app.add_flag("--serve", serving, "read what to measure, line by line");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "error: {}; see --help\n", error.what());
    return 2;
  }

  try {
    ThreadPool pool(threads);
    UseExecutor use(pool);
    if (serving) return serve(manner, threads), 0;
    if (!json)
      fmt::print("{:10} {:12} {:7} {:7} {:>12} {:>9} {:>8} {:>8} {:>9}\n", "case", "what", "preset", "io", "us", "GB/s",
                 "memcpys", "stored", "peak MiB");
    std::vector<Result> results;
    for (const std::string& name : cases) {
      if (!case_names.empty() && std::ranges::find(case_names, name) == case_names.end()) continue;
      Bench bench(name, manner);
      const bool large = name.starts_with("1gib");
      const double seconds = large ? 0 : seconds_for_a_case / static_cast<double>(whats.size() * presets.size() * 3);
      for (const auto& preset : presets) {
        if (preset_names.empty() ? preset.first == "max" || (large && preset.first == "small")
                                 : std::ranges::find(preset_names, preset.first) == preset_names.end())
          continue;
        for (const std::string& way : ways) {
          if (wanted_ways.empty() ? large && way == "mmap" : std::ranges::find(wanted_ways, way) == wanted_ways.end())
            continue;
          for (const std::string& what : whats) {
            if (what == "save" && way == "mmap") continue;
            if (wanted.empty() ? large && (what == "load_atomic" || what == "load_new")
                               : std::ranges::find(wanted, what) == wanted.end())
              continue;
            results.push_back(bench.measure(what, preset, way, seconds));
            if (!json) print_row(results.back());
          }
        }
      }
    }
    if (json) print_json(results, threads);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
