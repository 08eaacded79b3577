// What a training run of the program is decided by, apart from its data: kept in its checkpoint, so that resuming it
// needs nothing but the file and the data again.
//
// The models that can be trained are a table in run_settings.cpp, a row for each: its name, how wide it is unless a
// checkpoint says otherwise, how wide it may be, and how it is made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <cairn/core/random.h>
#include <cairn/core/shape.h>
#include <cairn/core/value.h>
#include <cairn/nn/module.h>
#include <cairn/train/dataset.h>

namespace cairn::tools {

struct RunSettings {
  std::string model = "mlp";
  std::uint64_t seed = 0;
  std::int64_t batch_size = 64;
  double learning_rate = 1e-3;
  std::int64_t channels = 1, height = 0, width = 0;  ///< Of an image.
  std::int64_t classes = 0;
  std::int64_t units = 0;  ///< Of the model's first layer: hidden units, or filters.
  double dropout = 0;      ///< 0 for a model that has none.

  Shape image() const { return {channels, height, width}; }
};

/// The models that there are, the usual one first.
std::vector<std::string> model_names();
/// Empty for one of them; else what is wrong, with the nearest.
std::string fault_of_model(const std::string& name);

/// The settings that suit the data, images [n, channels, height, width]. Throws ValueError for
/// a model that there is not.
RunSettings settings_for(const train::Split& data, const std::string& model, std::uint64_t seed);

Value to_value(const RunSettings& settings);
/// Throws KeyError or TypeError for a value that is not one, StateDictError for an unknown model and for numbers out of
/// all proportion, so that a damaged or hostile file does not decide how much memory is taken.
RunSettings settings_from(const Value& value);

/// Throws StateDictError when a run of these settings does not learn from such data.
void check_data(const RunSettings& settings, const train::Split& data);

/// How many classes the labels speak of: the largest, plus one.
std::int64_t class_count(const train::Split& data);

std::shared_ptr<nn::Module> make_model(const RunSettings& settings, const Generator& generator);

}  // namespace cairn::tools
