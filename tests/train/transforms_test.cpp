#include <cairn/train/transforms.h>

#include <cairn/core/ops.h>
#include <cairn/core/random.h>
#include <cairn/train/data_loader.h>
#include <cairn/train/drawn_digits.h>

#include "catch.h"
#include "devices.h"

using namespace cairn;
using Catch::Matchers::Contains;
using Numbers = std::vector<float>;

namespace {

/// [1, height, width], numbered row by row from 0.
Tensor numbered(std::int64_t height, std::int64_t width) {
  return arange(height * width).to(DType::float32).view({1, height, width});
}

Tensor apply(const train::Transform& transform, const Tensor& image, std::uint64_t seed = 0) {
  Generator random(seed);
  return transform(image, random);
}

}  // namespace

TEST_CASE("ToTensor puts channels first, and bytes into [0, 1]") {
  const Tensor gray = tensor<std::uint8_t>({0, 51, 102, 255}).view({2, 2});
  CHECK(numbers<float>(apply(train::ToTensor(), gray)) == Numbers{0, 0.2f, 0.4f, 1});
  CHECK(apply(train::ToTensor(), gray).shape() == Shape{1, 2, 2});
  const Tensor colours = arange(6).to(DType::float64).view({1, 2, 3});
  const Tensor turned = apply(train::ToTensor(), colours);
  CHECK(turned.shape() == Shape{3, 1, 2});
  CHECK(turned.dtype() == DType::float64);
  CHECK(numbers<double>(turned) == std::vector<double>{0, 3, 1, 4, 2, 5});
  CHECK_THROWS_WITH(apply(train::ToTensor(), zeros({2})), Contains("pic should be 2/3 dimensional. Got 1 dimensions."));
}

TEST_CASE("Normalize subtracts the mean and divides by the deviation, channel by channel") {
  const Tensor image = tensor({1.0f, 2.0f, 3.0f, 4.0f}).view({2, 1, 2});
  CHECK(numbers<float>(apply(train::Normalize({1, 2}, {0.5, 2}), image)) == Numbers{0, 2, 0.5f, 1});
  CHECK(numbers<float>(apply(train::Normalize({1}, {2}), image)) == Numbers{0, 0.5f, 1, 1.5f});
  CHECK_THROWS_WITH(train::Normalize({0}, {0}), Contains("std is 0"));
  CHECK_THROWS_WITH(train::Normalize({0, 1}, {1}), Contains("2 means and 1 deviations"));
  CHECK_THROWS_WITH(apply(train::Normalize({0, 0, 0}, {1, 1, 1}), image), Contains("2 channels, but 3 means"));
  CHECK_THROWS_AS(apply(train::Normalize({0}, {1}), image.to(DType::int64)), DTypeError);
}

TEST_CASE("CenterCrop takes the middle, and lays zeros around what is smaller") {
  CHECK(numbers<float>(apply(train::CenterCrop(2), numbered(4, 4))) == Numbers{5, 6, 9, 10});
  // A middle between two pixels goes to the even one: 1 of a rest of 3 is 1.5, which is 2; of a rest of 1 it is 0.
  CHECK(numbers<float>(apply(train::CenterCrop(1), numbered(1, 4))) == Numbers{2});
  CHECK(numbers<float>(apply(train::CenterCrop({1, 3}), numbered(1, 4))) == Numbers{0, 1, 2});
  CHECK(numbers<float>(apply(train::CenterCrop({1, 4}), numbered(1, 1) + 7)) == Numbers{0, 7, 0, 0});
}

TEST_CASE("RandomCrop draws each place alike, and only where there is a choice") {
  const Tensor image = numbered(3, 3);
  std::vector<int> seen(9);
  Generator random(1);
  for (int i = 0; i < 900; ++i) ++seen[static_cast<std::size_t>(train::RandomCrop(1)(image, random).item())];
  for (const int count : seen) CHECK((count > 60 && count < 140));

  Generator untouched(1);
  CHECK(train::RandomCrop(3)(image, untouched).is_same(image));
  CHECK(untouched.random() == Generator(1).random());

  Generator drawn(5);
  const Tensor cut = train::RandomCrop(2, {.padding = 1, .fill = -1})(image, drawn);
  Generator same(5);
  const std::int64_t top = randint(4, {1}, same).item_int64(), left = randint(4, {1}, same).item_int64();
  const Tensor padded = full({1, 5, 5}, -1.0);
  padded.narrow(1, 1, 3).narrow(2, 1, 3).copy_(image);
  CHECK(numbers<float>(cut) == numbers<float>(padded.narrow(1, top, 2).narrow(2, left, 2)));
  CHECK_THROWS_WITH(apply(train::RandomCrop(4), image),
                    Contains("Required crop size (4, 4) is larger than input image size (3, 3)"));
  CHECK_THROWS_WITH(train::RandomCrop(2, {.padding = -1}), "RandomCrop: padding is -1, but must be 0 or more");
}

TEST_CASE("flips turn an image over with their probability") {
  const Tensor image = numbered(2, 3);
  CHECK(numbers<float>(apply(train::RandomHorizontalFlip(1), image)) == Numbers{2, 1, 0, 5, 4, 3});
  CHECK(numbers<float>(apply(train::RandomVerticalFlip(1), image)) == Numbers{3, 4, 5, 0, 1, 2});
  CHECK(numbers<float>(apply(train::RandomHorizontalFlip(0), image)) == numbers<float>(image));
  Generator random(2);
  int turned = 0;
  for (int i = 0; i < 1000; ++i)
    turned += numbers<float>(train::RandomHorizontalFlip(0.25)(image, random)) != numbers<float>(image);
  CHECK((turned > 200 && turned < 300));
  CHECK_THROWS_AS(train::RandomVerticalFlip(1.5), ValueError);
}

TEST_CASE("a transformed dataset is the same for the same seed, whoever asks and when") {
  const train::TensorDataset digits = train::drawn_digits(20);
  const train::Transform augment = train::Compose{train::RandomCrop(8, {.padding = 1}), train::RandomHorizontalFlip(),
                                                  train::Normalize({0.2}, {0.4})};
  const train::TransformedDataset dataset(digits, augment);
  CHECK(dataset.size() == 20);
  const std::vector<std::int64_t> some = {3, 1, 4};
  const train::Batch once = dataset.sample(some, 7);
  CHECK(once.inputs.shape() == Shape{3, 1, 8, 8});
  CHECK(numbers<std::int64_t>(once.targets) == some);
  CHECK(numbers<float>(once.inputs) == numbers<float>(dataset.sample(some, 7).inputs));
  CHECK(numbers<float>(once.inputs) != numbers<float>(dataset.sample(some, 8).inputs));
  CHECK(dataset.batch({}).inputs.size(0) == 0);
}

TEST_CASE("a transformed dataset of another draws other numbers than that") {
  const train::TensorDataset images(numbered(8, 8).expand({200, 8, 8}), arange(200));
  const train::TransformedDataset once(images, train::RandomHorizontalFlip());
  const train::TransformedDataset twice(once, train::RandomHorizontalFlip());
  const train::TransformedDataset thrice(twice, train::RandomHorizontalFlip());
  const Tensor indices = arange(200);
  const auto turned = [&](const train::Dataset& dataset) {  // which of the images
    const Tensor images = dataset.sample(indices.data<std::int64_t>(), 7).inputs;
    return numbers<float>(images.select(2, 0).select(1, 0) / 7.0);
  };
  const auto count_equal = [](const Numbers& a, const Numbers& b) {
    int count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i];
    return count;
  };
  const Numbers first = turned(once), second = turned(twice), third = turned(thrice), none(200);
  for (const auto& [a, b] : {std::pair(none, first), std::pair(none, second), std::pair(none, third),
                             std::pair(first, second), std::pair(first, third), std::pair(second, third)}) {
    const int equal = count_equal(a, b);
    CHECK((equal > 70 && equal < 130));
  }
}

TEST_CASE("a loader changes examples anew in every epoch, and alike after a resume or with batches made ahead") {
  const train::TensorDataset digits = train::drawn_digits(30);
  const train::TransformedDataset dataset(digits, train::RandomCrop(8, {.padding = 2}));
  const auto options = [](std::uint64_t seed, std::int64_t prefetch) {
    return train::DataLoaderOptions{
        .batch_size = 8, .shuffle = true, .generator = Generator(1), .seed = seed, .prefetch = prefetch};
  };
  const auto inputs_of = [](train::DataLoader& loader, int epochs) {
    std::vector<Numbers> all;
    while (loader.epoch() < epochs)
      while (const auto batch = loader.next()) all.push_back(numbers<float>(batch->inputs));
    return all;
  };
  train::DataLoader plain(dataset, options(5, 0)), ahead(dataset, options(5, 3)), other(dataset, options(6, 0));
  const std::vector<Numbers> expected = inputs_of(plain, 2);
  REQUIRE(expected.size() == 8);
  CHECK(inputs_of(ahead, 2) == expected);
  CHECK(inputs_of(other, 2) != expected);

  train::DataLoader stopped(dataset, options(5, 2));
  for (int i = 0; i < 2; ++i) stopped.next();
  train::DataLoader resumed(dataset, options(5, 2));
  resumed.next();
  resumed.plan_load(stopped.state()).commit();
  CHECK(inputs_of(resumed, 2) == std::vector<Numbers>(expected.begin() + 2, expected.end()));
}
