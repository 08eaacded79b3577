#include <cairn/tools/run_settings.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <cairn/core/error.h>

#include "catch.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

train::Split data(std::int64_t size, std::int64_t largest_label) {
  const train::TensorDataset dataset(zeros({4, 1, size, size}), full({4}, largest_label, {.dtype = DType::int64}));
  return train::split(dataset, 2);
}

Value value_of(const std::string& model) { return tools::to_value(tools::settings_for(data(16, 9), model, 7)); }

}  // namespace

TEST_CASE("settings suit the data, and come back from a Value") {
  const tools::RunSettings mlp = tools::settings_for(data(28, 9), "mlp", 7);
  CHECK(mlp.image() == Shape{1, 28, 28});
  CHECK(mlp.units == 256);
  CHECK(mlp.classes == 10);
  CHECK(tools::settings_for(data(28, 9), "cnn", 7).dropout > 0);
  for (const std::string& model : tools::model_names()) {
    CAPTURE(model);
    const Value value = value_of(model);
    CHECK(value["model"].as_text() == model);
    CHECK(to_string(tools::to_value(tools::settings_from(value))) == to_string(value));
  }
}

TEST_CASE("every model is of the size that was set, and tells the classes apart") {
  for (const std::string& model : tools::model_names()) {
    CAPTURE(model);
    tools::RunSettings settings = tools::settings_for(data(16, 2), model, 7);
    const auto size = [&] {
      std::int64_t numbers = 0;
      for (const Tensor& parameter : tools::make_model(settings, Generator(0))->parameters())
        numbers += parameter.numel();
      return numbers;
    };
    CHECK((*tools::make_model(settings, Generator(0)))(zeros({5, 1, 16, 16})).shape() == Shape{5, 3});
    const std::int64_t before = size();
    ++settings.units;
    CHECK(size() > before);
  }
}

TEST_CASE("the CNN's dropout is what was set") {
  tools::RunSettings settings = tools::settings_for(data(16, 2), "cnn", 7);
  settings.dropout = 0.75;
  CHECK_THAT(to_string(*tools::make_model(settings, Generator(0))), Contains("Dropout(p=0.75"));
}

TEST_CASE("a model that there is not is named, with the nearest") {
  CHECK_THROWS_WITH(tools::settings_for(data(16, 9), "resnet8", 7),
                    "there is no model 'resnet8'; the nearest is 'resnet18'");
  CHECK_THROWS_AS(tools::settings_for(data(16, 9), "resnet8", 7), ValueError);
}

TEST_CASE("a value that is no settings is refused") {
  CHECK_THROWS_AS(tools::settings_from(Value(3)), Error);
  for (const std::string& model : tools::model_names()) {
    for (const auto& [key, number] : value_of(model).as_dict()) {
      const std::string name = key.plain();
      CAPTURE(model, name);
      Value value = value_of(model);
      value[name] = List{};
      CHECK_THROWS_AS(tools::settings_from(value), TypeError);
      value.as_dict().erase(name);
      CHECK_THROWS_AS(tools::settings_from(value), KeyError);
    }
    for (const std::string name : {"batch_size", "channels", "height", "width", "classes", "units"}) {
      for (const std::int64_t hostile : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 20}) {
        Value value = value_of(model);
        value[name] = hostile;
        CHECK_THROWS_WITH(tools::settings_from(value), Contains("'" + name + "' " + std::to_string(hostile)));
      }
    }
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const auto& [name, hostile] : std::vector<std::pair<std::string, double>>{
             {"lr", -1.0}, {"lr", nan}, {"dropout", -0.1}, {"dropout", 1.5}, {"dropout", nan}}) {
      Value value = value_of(model);
      value[name] = hostile;
      CHECK_THROWS_WITH(tools::settings_from(value), Contains("'" + name + "' "));
    }
  }
  Value later = value_of("mlp");
  later["model"] = "later";
  CHECK_THROWS_WITH(tools::settings_from(later), Contains("'later' that this version does not know"));
}

TEST_CASE("other data are told apart") {
  const tools::RunSettings settings = tools::settings_for(data(16, 9), "mlp", 7);
  CHECK_NOTHROW(tools::check_data(settings, data(16, 5)));
  CHECK_THROWS_WITH(tools::check_data(settings, data(25, 9)), Contains("[1, 16, 16], but these have [1, 25, 25]"));
  CHECK_THROWS_WITH(tools::check_data(settings, data(16, 10)), Contains("10 classes apart, but these data have 11"));
}
