#include <cairn/tools/run_settings.h>

#include <vector>

#include <cairn/core/error.h>

#include "catch.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

train::Split data(std::int64_t pixels, std::int64_t largest_label) {
  const train::TensorDataset dataset(zeros({4, 1, pixels, 1}), full({4}, largest_label, {.dtype = DType::int64}));
  return train::split(dataset, 2);
}

}  // namespace

TEST_CASE("settings suit the data, and come back from a Value") {
  const tools::RunSettings settings = tools::settings_for(data(784, 9), "mlp", 7);
  CHECK(settings.inputs == 784);
  CHECK(settings.hidden == 256);
  CHECK(settings.classes == 10);
  const Value value = tools::to_value(settings);
  CHECK(to_string(tools::to_value(tools::settings_from(value))) == to_string(value));
}

TEST_CASE("a value that is no settings is refused") {
  Value value = tools::to_value(tools::settings_for(data(16, 9), "mlp", 7));
  CHECK_THROWS_AS(tools::settings_from(Value(3)), Error);
  value["hidden"] = std::int64_t{1} << 50;
  CHECK_THROWS_WITH(tools::settings_from(value), Contains("1125899906842624"));
  value["hidden"] = "wide";
  CHECK_THROWS_AS(tools::settings_from(value), TypeError);
  value.as_dict().erase("hidden");
  CHECK_THROWS_AS(tools::settings_from(value), KeyError);
}

TEST_CASE("other data are told apart") {
  tools::RunSettings settings = tools::settings_for(data(16, 9), "mlp", 7);
  CHECK_NOTHROW(tools::check_data(settings, data(16, 5)));
  CHECK_THROWS_WITH(tools::check_data(settings, data(25, 9)), Contains("16 pixels, but these have 25"));
  CHECK_THROWS_WITH(tools::check_data(settings, data(16, 10)), Contains("10 classes apart, but these data have 11"));
  settings.model = "later";
  CHECK_THROWS_WITH(tools::check_data(settings, data(16, 9)), Contains("'later'"));
}

TEST_CASE("the model is of the size that was set") {
  const tools::RunSettings settings = tools::settings_for(data(16, 2), "mlp", 7);
  const auto model = tools::make_model(settings, Generator(0));
  CHECK((*model)(zeros({5, 16})).shape() == Shape{5, 3});
}
