// What a training run of the program is decided by, apart from its data: kept in its checkpoint, so that resuming it
// needs nothing but the file and the data again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <cairn/core/random.h>
#include <cairn/core/value.h>
#include <cairn/nn/module.h>
#include <cairn/optim/adam.h>
#include <cairn/train/dataset.h>

namespace cairn::tools {

struct RunSettings {
  std::string model = "mlp";
  std::uint64_t seed = 0;
  std::int64_t batch_size = 64;
  double learning_rate = 1e-3;
  std::int64_t inputs = 0;  ///< Numbers in one example.
  std::int64_t hidden = 0;
  std::int64_t classes = 0;
};

inline const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = {"mlp"};
  return names;
}

/// The settings that suit the data.
RunSettings settings_for(const train::Split& data, std::string model, std::uint64_t seed);

Value to_value(const RunSettings& settings);
RunSettings settings_from(const Value& value);  ///< Throws KeyError or TypeError for a value that is not one.

/// Throws StateDictError, naming every difference, when a run of these settings does not learn from such data.
void check_data(const RunSettings& settings, const train::Split& data);

/// How many classes the labels speak of: the largest, plus one.
std::int64_t class_count(const train::Split& data);

std::shared_ptr<nn::Module> make_model(const RunSettings& settings, const Generator& generator);

}  // namespace cairn::tools
