#include <cairn/tools/run_settings.h>

#include <algorithm>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/nn/child.h>
#include <cairn/train/models.h>

namespace cairn::tools {

namespace {

std::int64_t inputs_of(const train::Split& data) {
  const Tensor& images = data.train.inputs();
  return images.size(0) == 0 ? 0 : images.numel() / images.size(0);
}

}  // namespace

std::int64_t class_count(const train::Split& data) {
  std::int64_t largest = -1;
  for (const train::TensorDataset* part : {&data.train, &data.test}) {
    for (const std::int64_t label : part->targets().data<std::int64_t>()) largest = std::max(largest, label);
  }
  return largest + 1;
}

RunSettings settings_for(const train::Split& data, std::string model, std::uint64_t seed) {
  RunSettings settings;
  settings.model = std::move(model);
  settings.seed = seed;
  settings.inputs = inputs_of(data);
  settings.hidden = train::suitable_width(settings.inputs);
  settings.classes = class_count(data);
  return settings;
}

Value to_value(const RunSettings& settings) {
  return {{"model", settings.model},      {"seed", settings.seed},     {"batch_size", settings.batch_size},
          {"lr", settings.learning_rate}, {"inputs", settings.inputs}, {"hidden", settings.hidden},
          {"classes", settings.classes}};
}

RunSettings settings_from(const Value& value) {
  RunSettings settings;
  settings.model = value.at("model").as_text();
  settings.seed = static_cast<std::uint64_t>(value.at("seed").as_int());
  settings.batch_size = value.at("batch_size").as_int();
  settings.learning_rate = value.at("lr").as_float();
  settings.inputs = value.at("inputs").as_int();
  settings.hidden = value.at("hidden").as_int();
  settings.classes = value.at("classes").as_int();
  constexpr std::int64_t widest = 1 << 20;  // what a damaged or hostile file may ask for is bounded
  for (const std::int64_t count : {settings.batch_size, settings.inputs, settings.hidden, settings.classes}) {
    check<StateDictError>(count >= 1 && count <= widest, "the saved run's settings hold ", count,
                          ", but may hold 1 to ", widest);
  }
  return settings;
}

void check_data(const RunSettings& settings, const train::Split& data) {
  const std::int64_t inputs = inputs_of(data), classes = class_count(data);
  check<StateDictError>(std::ranges::count(model_names(), settings.model) == 1, "the saved run trains a model '",
                        settings.model, "' that this version does not know");
  check<StateDictError>(inputs == settings.inputs, "the saved run learns from images of ", settings.inputs,
                        " pixels, but these have ", inputs);
  check<StateDictError>(classes <= settings.classes, "the saved run tells ", settings.classes,
                        " classes apart, but these data have ", classes);
}

std::shared_ptr<nn::Module> make_model(const RunSettings& settings, const Generator& generator) {
  check<ValueError>(settings.model == "mlp", "there is no model '", settings.model, "'; there is mlp");
  return nn::make<train::MLP>(train::MLPOptions{
      .inputs = settings.inputs, .hidden = settings.hidden, .classes = settings.classes, .generator = generator});
}

}  // namespace cairn::tools
