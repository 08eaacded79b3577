// What is done to every example on its way to the model: an image becomes numbers, is cut, turned over, normalised.
//
//   const train::Transform augment = train::Compose{
//       train::RandomCrop(28, {.padding = 2}), train::RandomHorizontalFlip(), train::Normalize({0.1307}, {0.3081})};
//   const train::TransformedDataset training(split.train, augment);
//   train::DataLoader loader(training, {.batch_size = 64, .shuffle = true, .seed = 1});
//
// A transform is any function of an example and a generator; those here have the names, the arithmetic and the draws of
// torchvision's. What is random is drawn from a generator that the loader seeds anew for every batch, from its option
// `seed`, the epoch and the step: the same batch comes out whether it was prepared ahead, on another thread, or after a
// resume.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <cairn/core/generator.h>
#include <cairn/core/tensor.h>
#include <cairn/train/dataset.h>

namespace cairn::train {

using Transform = std::function<Tensor(const Tensor& example, Generator& random)>;

/// One after another.
struct Compose {
  Compose(std::initializer_list<Transform> transforms) : transforms(transforms) {}
  explicit Compose(std::vector<Transform> transforms) : transforms(std::move(transforms)) {}
  Tensor operator()(const Tensor& example, Generator& random) const;

  std::vector<Transform> transforms;
};

/// An image [height, width] or [height, width, channels] -> [channels, height, width]: float32 in [0, 1] from uint8,
/// and of its own dtype otherwise. Throws ShapeError for another number of dimensions.
struct ToTensor {
  Tensor operator()(const Tensor& image, Generator& random) const;
};

/// (x - mean) / std, channel by channel: x floating [..., channels, height, width]; one number stands for all channels.
/// Throws ValueError for a std of 0, DTypeError for whole numbers, ShapeError where the numbers of channels differ.
struct Normalize {
  Normalize(std::vector<double> mean, std::vector<double> std);
  Tensor operator()(const Tensor& image, Generator& random) const;

  std::vector<double> mean, std;
};

/// Height and width; a number alone is both.
struct ImageSize {
  std::int64_t height, width;
  ImageSize(std::int64_t side) : height(side), width(side) {}
  ImageSize(std::int64_t height, std::int64_t width) : height(height), width(width) {}
};

/// The middle [.., height, width] of an image; what the image lacks is 0 around it.
struct CenterCrop {
  explicit CenterCrop(ImageSize size) : size(size) {}
  Tensor operator()(const Tensor& image, Generator& random) const;

  ImageSize size;
};

struct RandomCropOptions {
  std::int64_t padding = 0;  ///< Pixels laid around the image first.
  double fill = 0;           ///< What they are.
};

/// Some [.., height, width] of an image, every place alike. Throws ValueError for a padding below 0, and where the
/// padded image is smaller.
struct RandomCrop {
  explicit RandomCrop(ImageSize size, const RandomCropOptions& options = {});
  Tensor operator()(const Tensor& image, Generator& random) const;

  ImageSize size;
  RandomCropOptions options;
};

/// Left and right changed places with probability p. Throws ValueError unless p is in [0, 1].
struct RandomHorizontalFlip {
  explicit RandomHorizontalFlip(double p = 0.5);
  Tensor operator()(const Tensor& image, Generator& random) const;

  double p;
};

/// Top and bottom changed places with probability p. Throws ValueError unless p is in [0, 1].
struct RandomVerticalFlip {
  explicit RandomVerticalFlip(double p = 0.5);
  Tensor operator()(const Tensor& image, Generator& random) const;

  double p;
};

/// A dataset whose inputs go through a transform, example by example; targets stay. `dataset` must outlive it,
/// and may be transformed itself: it gets a seed of its own.
class TransformedDataset : public Dataset {
 public:
  TransformedDataset(const Dataset& dataset, Transform transform);

  std::int64_t size() const override { return dataset_.size(); }
  Batch batch(std::span<const std::int64_t> indices) const override { return sample(indices, 0); }
  Batch sample(std::span<const std::int64_t> indices, std::uint64_t seed) const override;

 private:
  const Dataset& dataset_;
  Transform transform_;
};

}  // namespace cairn::train
