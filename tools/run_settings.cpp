#include <cairn/tools/run_settings.h>

#include <algorithm>
#include <cmath>

#include <cairn/core/error.h>
#include <cairn/core/suggest.h>
#include <cairn/nn/child.h>
#include <cairn/train/cnn.h>
#include <cairn/train/models.h>
#include <cairn/train/resnet18.h>

namespace cairn::tools {

namespace {

struct Model {
  std::string name;
  std::int64_t (*suitable_units)(const Shape& image);
  std::int64_t most_units;
  double dropout;
  std::shared_ptr<nn::Module> (*make)(const RunSettings& settings, const Generator& generator);
};

const std::vector<Model>& models() {
  static const std::vector<Model> all = {
      {"mlp", [](const Shape& image) { return train::suitable_width(image.numel()); }, 1 << 16, 0,
       [](const RunSettings& settings, const Generator& generator) -> std::shared_ptr<nn::Module> {
         return nn::make<train::MLP>(train::MLPOptions{.inputs = settings.image().numel(),
                                                       .hidden = settings.units,
                                                       .classes = settings.classes,
                                                       .generator = generator});
       }},
      {"cnn", [](const Shape&) { return std::int64_t{16}; }, 1 << 10, 0.25,
       [](const RunSettings& settings, const Generator& generator) -> std::shared_ptr<nn::Module> {
         return nn::make<train::CNN>(train::CNNOptions{.channels = settings.channels,
                                                       .height = settings.height,
                                                       .width = settings.width,
                                                       .filters = settings.units,
                                                       .classes = settings.classes,
                                                       .dropout = settings.dropout,
                                                       .generator = generator});
       }},
      {"resnet18", [](const Shape&) { return std::int64_t{8}; }, 1 << 8, 0,
       [](const RunSettings& settings, const Generator& generator) -> std::shared_ptr<nn::Module> {
         return nn::make<train::ResNet18>(train::ResNet18Options{.channels = settings.channels,
                                                                 .width = settings.units,
                                                                 .classes = settings.classes,
                                                                 .generator = generator});
       }},
  };
  return all;
}

/// Null if there is none.
const Model* find_model(const std::string& name) {
  const auto found = std::ranges::find(models(), name, &Model::name);
  return found == models().end() ? nullptr : &*found;
}

const Model& model_named(const std::string& name) {
  const std::string fault = fault_of_model(name);
  if (!fault.empty()) throw ValueError(fault);
  return *find_model(name);
}

Shape image_of(const train::Split& data) {
  const Shape& images = data.train.inputs().shape();
  check<ShapeError>(images.size() == 4, "models learn from images [n, channels, height, width], but these data are ",
                    Extents(images));
  return {images[1], images[2], images[3]};
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const Model& model : models()) names.push_back(model.name);
  return names;
}

std::string fault_of_model(const std::string& name) {
  return find_model(name) ? "" : text("there is no model '", name, "'", describe_keys(name, model_names()));
}

std::int64_t class_count(const train::Split& data) {
  std::int64_t largest = -1;
  for (const train::TensorDataset* part : {&data.train, &data.test}) {
    for (const std::int64_t label : part->targets().data<std::int64_t>()) largest = std::max(largest, label);
  }
  return largest + 1;
}

RunSettings settings_for(const train::Split& data, const std::string& model, std::uint64_t seed) {
  const Model& row = model_named(model);
  const Shape image = image_of(data);
  RunSettings settings;
  settings.model = model;
  settings.seed = seed;
  settings.channels = image[0];
  settings.height = image[1];
  settings.width = image[2];
  settings.classes = class_count(data);
  settings.units = row.suitable_units(image);
  settings.dropout = row.dropout;
  return settings;
}

Value to_value(const RunSettings& settings) {
  return {{"model", settings.model},      {"seed", settings.seed},         {"batch_size", settings.batch_size},
          {"lr", settings.learning_rate}, {"channels", settings.channels}, {"height", settings.height},
          {"width", settings.width},      {"classes", settings.classes},   {"units", settings.units},
          {"dropout", settings.dropout}};
}

RunSettings settings_from(const Value& value) {
  RunSettings settings;
  settings.model = value.at("model").as_text();
  const Model* model = find_model(settings.model);
  check<StateDictError>(model != nullptr, "the saved run trains a model '", settings.model,
                        "' that this version does not know");
  const auto number = [&](const char* name, std::int64_t most) {
    const std::int64_t found = value.at(name).as_int();
    check<StateDictError>(found >= 1 && found <= most, "the saved run's settings hold '", name, "' ", found,
                          ", but may hold 1 to ", most);
    return found;
  };
  constexpr std::int64_t largest = 1 << 16, labels = 256;  // a label is a byte of an IDX file
  settings.seed = static_cast<std::uint64_t>(value.at("seed").as_int());
  settings.batch_size = number("batch_size", largest);
  settings.channels = number("channels", largest);
  settings.height = number("height", largest);
  settings.width = number("width", largest);
  settings.classes = number("classes", labels);
  settings.units = number("units", model->most_units);
  settings.learning_rate = value.at("lr").as_float();
  check<StateDictError>(std::isfinite(settings.learning_rate) && settings.learning_rate >= 0,
                        "the saved run's settings hold 'lr' ", settings.learning_rate,
                        ", but may hold a finite number from 0 on");
  settings.dropout = value.at("dropout").as_float();
  check<StateDictError>(settings.dropout >= 0 && settings.dropout <= 1, "the saved run's settings hold 'dropout' ",
                        settings.dropout, ", but may hold 0 to 1");
  return settings;
}

void check_data(const RunSettings& settings, const train::Split& data) {
  const Shape image = image_of(data);
  const std::int64_t classes = class_count(data);
  check<StateDictError>(image == settings.image(), "the saved run learns from images of shape ",
                        Extents(settings.image()), ", but these have ", Extents(image));
  check<StateDictError>(classes <= settings.classes, "the saved run tells ", settings.classes,
                        " classes apart, but these data have ", classes);
}

std::shared_ptr<nn::Module> make_model(const RunSettings& settings, const Generator& generator) {
  return model_named(settings.model).make(settings, generator);
}

}  // namespace cairn::tools
