// `cairn train`: trains a model on drawn digits or on a folder of IDX files, and can be stopped and resumed at any
// moment.
//
// With --save the checkpoint is there before the first step and replaced after every epoch. Nothing that depends on
// time is in it: a run that was killed and resumed ends with the same file, byte for byte, as one that was not. It
// records the device of each tensor, but a run can be resumed on any: its numbers are read into the model where that
// lies.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <cairn/core/error.h>
#include <cairn/core/parallel.h>
#include <cairn/io/load.h>
#include <cairn/optim/adam.h>
#include <cairn/tools/command.h>
#include <cairn/tools/devices.h>
#include <cairn/tools/progress_bar.h>
#include <cairn/tools/run_settings.h>
#include <cairn/train/drawn_digits.h>
#include <cairn/train/idx.h>
#include <cairn/train/trainer.h>

namespace cairn::tools {

namespace {

struct Arguments {
  std::string data = "digits";
  std::optional<std::string> model;   // a resumed run has its own,
  std::optional<std::uint64_t> seed;  // and this, too
  std::int64_t epochs = 5;
  std::string save, resume;
  std::int64_t save_every = 0;
  std::string device = "cpu";
  int threads = 1;
  bool json = false;
};

train::Split load_data(const std::string& data, std::uint64_t seed) {
  constexpr std::int64_t train_count = 4000, test_count = 1000;
  if (data != "digits") return train::read_idx_folder(data);
  return train::split(train::drawn_digits(train_count + test_count, {.size = 8, .seed = seed}), train_count);
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return a == b || std::filesystem::equivalent(a, b, ignored);
}

/// The run to go on with, its tensors still in the file; nothing to begin a new one.
std::optional<Value> saved_run(const Arguments& arguments) {
  std::error_code ignored;
  if (arguments.resume.empty()) return std::nullopt;
  if (same_file(arguments.resume, arguments.save) && !std::filesystem::exists(arguments.resume, ignored)) {
    fmt::print(stderr, "{} is not there yet: beginning a new run\n", arguments.resume);
    return std::nullopt;
  }
  return io::open(arguments.resume, {.map_location = "cpu"});
}

/// A run is saved before its first step, so that it can be resumed whenever it is killed, and so that a place that
/// cannot be written is known before the work; but what another run left there stays until an epoch is done.
bool wants_first_save(const Arguments& arguments, bool resumed) {
  std::error_code ignored;
  if (arguments.save.empty()) return false;
  return resumed ? !same_file(arguments.resume, arguments.save) : !std::filesystem::exists(arguments.save, ignored);
}

/// Counts steps against the clock, for the last line and the bar.
class StepClock {
 public:
  void step() { ++steps_; }
  std::int64_t steps() const { return steps_; }
  double steps_per_second() const {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    return steps_ == 0 ? 0 : static_cast<double>(steps_) / seconds;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::int64_t steps_ = 0;
};

void print_result(const Arguments& arguments, const train::Trainer& trainer, const StepClock& clock) {
  const train::EpochReport last = trainer.history().empty() ? train::EpochReport{0, 0, 0} : trainer.history().back();
  if (arguments.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"epochs", last.epoch},
                                              {"train_loss", last.train_loss},
                                              {"test_accuracy", last.test_accuracy},
                                              {"steps_per_second", clock.steps_per_second()}}
                           .dump());
    return;
  }
  fmt::print("{} epochs, test accuracy {:.2f} %, {:.0f} steps/s{}\n", last.epoch, 100 * last.test_accuracy,
             clock.steps_per_second(), arguments.save.empty() ? "" : ", saved in " + arguments.save);
}

/// Errors about the saved run name its file.
template <class F>
auto about(const std::string& file, F&& f) {
  try {
    return f();
  } catch (const StateDictError& error) {
    throw StateDictError(file + ": " + error.message(), error.fields());
  } catch (const KeyError& error) {
    throw StateDictError(file + ": this is not a run saved by `cairn train`: " + error.message(), error.fields());
  } catch (const TypeError& error) {
    throw StateDictError(file + ": this is not a run saved by `cairn train`: " + error.message(), error.fields());
  }
}

/// What the saved run says, which the command line may repeat but not contradict.
RunSettings resumed_settings(const Arguments& arguments, const Value& saved) {
  const RunSettings settings = about(arguments.resume, [&] { return settings_from(saved["settings"]); });
  if (arguments.model && *arguments.model != settings.model) {
    throw UsageError(
        fmt::format("--model {}: {} holds a run of {}", *arguments.model, arguments.resume, settings.model));
  }
  if (arguments.seed && *arguments.seed != settings.seed) {
    throw UsageError(
        fmt::format("--seed {}: {} holds a run of seed {}", *arguments.seed, arguments.resume, settings.seed));
  }
  return settings;
}

/// What the loop calls: the bar moves with every step, and people get a line for every epoch.
train::TrainerOptions trainer_options(const Arguments& arguments, ProgressBar& bar, StepClock& clock) {
  train::TrainerOptions options = {.save = arguments.save, .save_every = arguments.save_every};
  options.on_step = [&](const train::StepReport& step) {
    const std::int64_t done = step.epoch * step.steps + step.step;
    clock.step();
    bar.update(fmt::format("epoch {}/{}", step.epoch + 1, arguments.epochs), static_cast<std::uint64_t>(done),
               static_cast<std::uint64_t>(arguments.epochs * step.steps), fmt::format("loss {:.4f}", step.loss),
               static_cast<std::uint64_t>(done - clock.steps()));
  };
  options.on_epoch = [&](const train::EpochReport& epoch) {
    bar.wipe();
    if (arguments.json) return;
    fmt::print("epoch {}/{}  train loss {:.4f}  test accuracy {:.2f} %\n", epoch.epoch, arguments.epochs,
               epoch.train_loss, 100 * epoch.test_accuracy);
    std::fflush(stdout);
  };
  return options;
}

/// Brings the run back, and says so.
void resume(const Arguments& arguments, const Value& saved, train::Checkpoint& checkpoint,
            const train::DataLoader& loader) {
  const LoadReport report = about(arguments.resume, [&] { return checkpoint.plan_load(saved).commit(); });
  for (const std::string& warning : report.warnings) {
    fmt::print(stderr, "warning: {}: {}\n", arguments.resume, warning);
  }
  if (arguments.json) return;
  fmt::print("resuming {}: {} epochs and {} steps are done\n", arguments.resume, loader.epoch(), loader.step());
  std::fflush(stdout);
}

int run(Arguments arguments) {
  const Device device = usable_device(arguments.device);
  ThreadPool pool(arguments.threads);
  const UseExecutor use(pool);

  const std::optional<Value> saved = saved_run(arguments);
  if (arguments.save.empty()) arguments.save = arguments.resume;
  RunSettings settings;
  if (saved) settings = resumed_settings(arguments, *saved);
  const std::uint64_t seed = saved ? settings.seed : arguments.seed.value_or(0);
  const train::Split data = load_data(arguments.data, seed);
  if (saved) {
    about(arguments.resume, [&] { check_data(settings, data); });
  } else {
    settings = settings_for(data, arguments.model.value_or(model_names().front()), seed);
  }

  const Generator generator(seed);  // of all that is drawn; in the checkpoint as the loader's
  const std::shared_ptr<nn::Module> model = make_model(settings, generator);
  model->to(device);
  optim::Adam optimizer(model->named_parameters(), {.lr = settings.learning_rate});
  train::DataLoader loader(
      data.train, {.batch_size = settings.batch_size, .shuffle = true, .device = device, .generator = generator});
  ProgressBar bar;
  StepClock clock;
  train::Trainer trainer(*model, optimizer, loader, data.test, trainer_options(arguments, bar, clock));
  trainer.checkpoint().values().set("settings", to_value(settings));
  if (saved) resume(arguments, *saved, trainer.checkpoint(), loader);
  if (wants_first_save(arguments, saved.has_value())) trainer.checkpoint().save(arguments.save);
  clock = StepClock();
  trainer.run(arguments.epochs);
  bar.wipe();
  print_result(arguments, trainer, clock);
  return fine;
}

}  // namespace

Command train_command() {
  return {
      "train", "Train a model, saving after every epoch",
      "  cairn train --data digits --epochs 10 --save m.cairn        on drawn digits\n"
      "  cairn train --data DIR --save m.cairn                       on IDX files as MNIST's, gzip or not\n"
      "  cairn train --data DIR --model cnn --save m.cairn           another model than the multilayer perceptron\n"
      "  cairn train --data DIR --save m.cairn --resume m.cairn      go on where m.cairn stopped; begin if it is not "
      "there\n"
      "  cairn train --data digits --epochs 3 --json                 the last line is for a script\n",
      [](CLI::App& app) {
        auto arguments = std::make_shared<Arguments>();
        app.add_option("--data", arguments->data, "digits: 5,000 drawn ones; or a folder of IDX files")
            ->required()
            ->type_name("digits|DIR");
        app.add_option("--model", arguments->model, "What to train (" + model_names().front() + ")")
            ->check(CLI::Validator(fault_of_model, ""))
            ->type_name(fmt::format("{}", fmt::join(model_names(), "|")));
        app.add_option("--epochs", arguments->epochs,
                       "Until so many epochs are complete, those of a resumed run included (5)")
            ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40).description(""))
            ->type_name("N");
        app.add_option("--seed", arguments->seed, "Of the weights, dropout, the order and the drawn digits (0)")
            ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 62).description(""))
            ->type_name("S");
        app.add_option("--save", arguments->save,
                       "Where the run is saved, at its beginning and after every epoch; without it, a resumed run "
                       "stays in its file")
            ->type_name("F");
        app.add_option("--save-every", arguments->save_every, "Save also after every so many steps of an epoch")
            ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40).description(""))
            ->type_name("STEPS");
        app.add_option("--resume", arguments->resume, "A saved run to go on with")->type_name("F");
        app.add_option("--device", arguments->device, device_help())->type_name("D");
        app.add_option("--threads", arguments->threads,
                       "How many threads compute; the result does not depend on it (1)")
            ->check(CLI::Range(1, 1024).description(""))
            ->type_name("T");
        app.add_flag("--json", arguments->json,
                     "Print only {\"epochs\":..,\"train_loss\":..,\"test_accuracy\":..,\"steps_per_second\":..}");
        return [arguments] { return run(*arguments); };
      }};
}

}  // namespace cairn::tools
