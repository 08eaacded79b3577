// `cairn demo`: the main job from the first picture to the loaded model, told as it happens.
//
// One run is trained without a break. The same run is begun again, stopped in the middle of an epoch, and resumed by a
// model with other weights from the file that was left; both must end with the same bits. All of it happens on one
// device, and then the model goes through a device map to another and back.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include <cairn/core/devices.h>
#include <cairn/core/print.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/version.h>
#include <cairn/io/inspect.h>
#include <cairn/io/load.h>
#include <cairn/optim/adam.h>
#include <cairn/tools/command.h>
#include <cairn/tools/devices.h>
#include <cairn/tools/digit_picture.h>
#include <cairn/tools/progress_bar.h>
#include <cairn/tools/run_settings.h>
#include <cairn/tools/table.h>
#include <cairn/train/drawn_digits.h>
#include <cairn/train/trainer.h>

namespace cairn::tools {

namespace {

constexpr std::int64_t epochs = 6, stopped_in = 4, train_count = 4000, test_count = 1000;

struct Stopped {};  // thrown out of the loop, as a kill would end it

/// A folder for the files of this demo, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    do {
      path_ = std::filesystem::temp_directory_path() / fmt::format("cairn-demo-{:08x}", random());
    } while (!std::filesystem::create_directory(path_));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// All that a run consists of, made from a seed, on a device.
struct Run {
  Generator generator;
  std::shared_ptr<nn::Module> model;
  optim::Adam optimizer;
  train::DataLoader loader;
  train::Trainer trainer;

  Run(const train::Split& data, std::uint64_t seed, Device device, const train::TrainerOptions& options)
      : generator(seed),
        model(make_model(settings_for(data, "mlp", seed), generator)),
        optimizer(model->to(device).named_parameters(), {.lr = 1e-3}),
        loader(data.train, {.batch_size = 32, .shuffle = true, .device = device, .generator = generator}),
        trainer(*model, optimizer, loader, data.test, options) {}
};

void heading(int number, const std::string& text) { fmt::print("\n{}. {}\n\n", number, text); }

void show_digits(const train::TensorDataset& digits) {
  for (const std::int64_t first : {0, 4}) {
    std::vector<Tensor> row;
    for (std::int64_t i = first; i < first + 4; ++i) row.push_back(digits.inputs()[i]);
    fmt::print("{}\n", digit_pictures(row));
  }
}

train::TrainerOptions narrated(const std::string& save, ProgressBar& bar) {
  train::TrainerOptions options = {.save = save};
  options.on_step = [&bar](const train::StepReport& step) {
    bar.update(fmt::format("epoch {}/{}", step.epoch + 1, epochs),
               static_cast<std::uint64_t>(step.epoch * step.steps + step.step),
               static_cast<std::uint64_t>(epochs * step.steps));
  };
  options.on_epoch = [&bar](const train::EpochReport& epoch) {
    bar.wipe();
    fmt::print("   epoch {}   train loss {:.4f}   test accuracy {:.1f} %   saved\n", epoch.epoch, epoch.train_loss,
               100 * epoch.test_accuracy);
    std::fflush(stdout);
  };
  return options;
}

train::TrainerOptions stopping(train::TrainerOptions options) {
  options.on_step = [narrate = options.on_step](const train::StepReport& step) {
    narrate(step);
    if (step.epoch + 1 == stopped_in && step.step == step.steps / 2) throw Stopped();
  };
  return options;
}

std::vector<char> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::pair<std::string, Tensor>> tensors_of(const Value& value) {
  std::vector<std::pair<std::string, Tensor>> found;
  value.for_each_tensor([&](const std::string& path, const Tensor& tensor) {
    found.emplace_back(path, tensor.detach().to(Device()).contiguous());
  });
  return found;
}

/// Names every tensor that is not the same in both, bit for bit; returns how many there are.
int count_differences(const Value& a_value, const Value& b_value) {
  const auto left = tensors_of(a_value), right = tensors_of(b_value);
  if (left.size() != right.size()) return static_cast<int>(std::max(left.size(), right.size()));
  int different = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto& [name, a] = left[i];
    const Tensor& b = right[i].second;
    const bool equal = name == right[i].first && a.dtype() == b.dtype() && a.shape() == b.shape() &&
                       std::memcmp(a.raw_data(), b.raw_data(), static_cast<std::size_t>(a.nbytes())) == 0;
    if (!equal) fmt::print("   {} differs\n", name), ++different;
  }
  return different;
}

/// A device beside this one to show a device map with: an accelerator beside the CPU, the CPU beside any other.
Device beside(Device device) {
  for (const Device other : available_devices()) {
    if (other.is_cpu() != device.is_cpu()) return other;
  }
  return device;
}

void show_devices(const Value& run) {
  std::vector<std::vector<std::string>> rows = {{"   name", "shape", "device"}};
  run.for_each_tensor([&](const std::string& path, const Tensor& tensor) {
    if (path.starts_with("model.") || path.starts_with("data."))
      rows.push_back({"   " + path, bracketed(tensor.shape()), to_string(tensor.device())});
  });
  fmt::print("{}", table(rows, {Align::left, Align::left, Align::left}));
}

/// Loads the model through a device map, takes it back, and says whether it is what it was.
bool show_device_map(const train::Split& data, const std::string& file, Device device, const Run& resumed) {
  const Device other = beside(device);
  heading(7, fmt::format("Loaded through a device map: the model to {}, the rest to {}; then the model, too.",
                         described(other), to_string(device)));
  const Value loaded = io::load(file, {.device_map = {{"", device}, {"model", other}}});
  show_devices(loaded);
  Run fresh(data, 7, other, {});
  fmt::print("\n   model.load_state_dict(...): {}\n", to_string(fresh.model->load_state_dict(loaded["model"])));
  const double elsewhere = train::accuracy(*fresh.model, data.test, other);
  fresh.model->to(device);
  const double back = train::accuracy(*fresh.model, data.test, device);
  fmt::print("   test accuracy on {}: {:.1f} %, back on {}: {:.1f} %\n", to_string(other), 100 * elsewhere,
             to_string(device), 100 * back);
  return count_differences(fresh.model->state_dict(), resumed.model->state_dict()) == 0 &&
         back == resumed.trainer.history().back().test_accuracy;
}

struct Arguments {
  std::string keep;
  std::string device = "cpu";
};

int run(const Arguments& arguments) {
  const Device device = usable_device(arguments.device);
  const TemporaryFolder folder;
  const std::string unbroken_file = folder.file("unbroken.cairn"), resumed_file = folder.file("resumed.cairn");
  fmt::print("Cairn {}: a model is trained, saved, stopped, resumed and loaded{}.\n", version(),
             device.is_cpu() ? "" : " on " + described(device));

  heading(1, fmt::format("The data: {} drawn digits to learn from, {} to test with, all from one seed. Eight of them:",
                         train_count, test_count));
  const train::Split data =
      train::split(train::drawn_digits(train_count + test_count, {.size = 8, .seed = 1}), train_count);
  show_digits(data.train);

  ProgressBar bar;
  Run unbroken(data, 0, device, narrated(unbroken_file, bar));
  heading(2, "The model: 64 pixels in, ten digits out.");
  fmt::print("{}\n", to_string(*unbroken.model));

  heading(3, fmt::format("{} epochs without a break, saved after each.", epochs));
  unbroken.trainer.run(epochs);

  heading(4, fmt::format("The same run again, but stopped in the middle of epoch {}.", stopped_in));
  {
    Run stopped(data, 0, device, stopping(narrated(resumed_file, bar)));
    try {
      stopped.trainer.run(epochs);
    } catch (const Stopped&) {
      bar.wipe();
      fmt::print("   stopped: model and optimizer are gone; the file of epoch {} is left ({})\n",
                 stopped.loader.epoch(), bytes_text(bytes_of(resumed_file).size()));
    }
  }

  heading(5, "Resumed from that file, by a model that began with other weights.");
  Run resumed(data, 12345, device, narrated(resumed_file, bar));
  resumed.trainer.checkpoint().resume(resumed_file);
  resumed.trainer.run(epochs);

  heading(6, "Is the resumed run equal to the unbroken one?");
  const Value whole = io::load(unbroken_file);
  const int different = count_differences(whole, io::load(resumed_file));
  if (different == 0)
    fmt::print("   all {} tensors of model, optimizer and data position: equal, bit for bit\n",
               tensors_of(whole).size());
  const bool same_files = bytes_of(unbroken_file) == bytes_of(resumed_file);
  fmt::print("   the two files: {}\n", same_files ? "the same, byte for byte" : "not the same");

  const bool same_model = show_device_map(data, resumed_file, device, resumed);

  heading(8, "The state dict (the middle of what is long left out):");
  fmt::print("{}\n", to_string(resumed.model->state_dict(), {.threshold = 50}));

  if (const std::string& keep = arguments.keep; !keep.empty()) {
    resumed.trainer.checkpoint().save(keep);
    fmt::print("\nKept in {}: try `cairn ls {}` and `cairn verify {}`.\n", keep, keep, keep);
  }
  const bool right = different == 0 && same_files && same_model;
  fmt::print("\n{}\n", right ? "The resumed run equals the unbroken one, bit for bit."
                             : "The resumed run is NOT equal to the unbroken one.");
  return right ? fine : answer_is_no;
}

}  // namespace

Command demo_command() {
  return {"demo", "Train, stop, resume and load a small model, and show each step",
          "  cairn demo                  a few seconds; needs nothing but the program\n"
          "  cairn demo --save d.cairn   the same, and keep the file",
          [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("--save", arguments->keep, "Keep the resulting checkpoint")->type_name("F");
            app.add_option("--device", arguments->device, device_help())->type_name("D");
            return [arguments] { return run(*arguments); };
          }};
}

}  // namespace cairn::tools
