#include <cairn/train/transforms.h>

#include <algorithm>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/random.h>
#include <cairn/train/derived_seed.h>

namespace cairn::train {
namespace {

std::int64_t height_of(const Tensor& image) { return image.size(-2); }
std::int64_t width_of(const Tensor& image) { return image.size(-1); }

void check_image(const Tensor& image, const char* transform) {
  check<ShapeError>(image.dim() >= 2, transform, ": an image has at least 2 dimensions, but this tensor has shape ",
                    image.shape());
}

Tensor cut(const Tensor& image, std::int64_t top, std::int64_t left, ImageSize size) {
  return image.narrow(-2, top, size.height).narrow(-1, left, size.width);
}

Tensor padded(const Tensor& image, std::int64_t top, std::int64_t left, ImageSize size, double fill) {
  Shape shape = image.shape();
  shape[image.dim() - 2] = size.height;
  shape[image.dim() - 1] = size.width;
  const Tensor larger = full(shape, fill, {.dtype = image.dtype(), .device = image.device()});
  cut(larger, top, left, {height_of(image), width_of(image)}).copy_(image);
  return larger;
}

/// The elements of a dimension from the last to the first.
Tensor reversed(const Tensor& image, int dim) {
  const std::int64_t last = image.size(dim) - 1;
  return index_select(image, dim, (last - arange(last + 1)).to(image.device()));
}

/// As torchvision draws it.
bool happens(double p, Generator& random) { return rand({1}, {}, random).item() < p; }

void check_probability(double p, const char* transform) {
  check<ValueError>(p >= 0 && p <= 1, transform, ": p is ", p, ", but a probability lies in [0, 1]");
}

/// One number for each channel, to be laid beside an image.
Tensor of_channels(const std::vector<double>& numbers, const Tensor& image) {
  return from_data(std::span<const double>(numbers), {static_cast<std::int64_t>(numbers.size()), 1, 1})
      .to(image.device())
      .to(image.dtype());
}

}  // namespace

Tensor Compose::operator()(const Tensor& example, Generator& random) const {
  Tensor result = example;
  for (const Transform& transform : transforms) result = transform(result, random);
  return result;
}

Tensor ToTensor::operator()(const Tensor& image, Generator&) const {
  check<ShapeError>(image.dim() == 2 || image.dim() == 3, "pic should be 2/3 dimensional. Got ", image.dim(),
                    " dimensions.");
  const Tensor channels_first = image.dim() == 2 ? image.unsqueeze(0) : image.permute({2, 0, 1}).contiguous();
  return image.dtype() == DType::uint8 ? channels_first.to(DType::float32) / 255 : channels_first;
}

Normalize::Normalize(std::vector<double> mean, std::vector<double> std) : mean(std::move(mean)), std(std::move(std)) {
  check<ValueError>(!this->mean.empty() && this->mean.size() == this->std.size(), "Normalize: ", this->mean.size(),
                    " means and ", this->std.size(), " deviations, but there must be one of each for every channel");
  for (const double deviation : this->std)
    check<ValueError>(deviation != 0, "Normalize: a std is 0, by which would be divided");
}

Tensor Normalize::operator()(const Tensor& image, Generator&) const {
  check<DTypeError>(is_floating_point(image.dtype()), "Input tensor should be a float tensor. Got ", image.dtype(),
                    ".");
  check<ShapeError>(image.dim() >= 3,
                    "Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = ", image.shape());
  const std::int64_t channels = image.size(-3), numbers = static_cast<std::int64_t>(mean.size());
  check<ShapeError>(numbers == 1 || numbers == channels, "Normalize: the image has ", channels, " channels, but ",
                    numbers, " means were given; give one for each, or one for all");
  return (image - of_channels(mean, image)) / of_channels(std, image);
}

Tensor CenterCrop::operator()(const Tensor& image, Generator&) const {
  check_image(image, "CenterCrop");
  Tensor whole = image;
  if (size.height > height_of(image) || size.width > width_of(image)) {
    const std::int64_t more_rows = std::max<std::int64_t>(0, size.height - height_of(image)),
                       more_columns = std::max<std::int64_t>(0, size.width - width_of(image));
    whole = padded(image, more_rows / 2, more_columns / 2,
                   {height_of(image) + more_rows, width_of(image) + more_columns}, 0);
  }
  // A middle that lies between two pixels is rounded as Python's round(): to the even one.
  const auto half = [](std::int64_t rest) { return rest / 2 + (rest % 4 == 3 ? 1 : 0); };
  return cut(whole, half(height_of(whole) - size.height), half(width_of(whole) - size.width), size);
}

RandomCrop::RandomCrop(ImageSize size, const RandomCropOptions& options) : size(size), options(options) {
  check<ValueError>(options.padding >= 0, "RandomCrop: padding is ", options.padding, ", but must be 0 or more");
}

Tensor RandomCrop::operator()(const Tensor& image, Generator& random) const {
  check_image(image, "RandomCrop");
  const std::int64_t rows = height_of(image) + 2 * options.padding, columns = width_of(image) + 2 * options.padding;
  check<ValueError>(size.height <= rows && size.width <= columns, "Required crop size (", size.height, ", ", size.width,
                    ") is larger than input image size (", rows, ", ", columns, ")");
  const Tensor whole =
      options.padding > 0 ? padded(image, options.padding, options.padding, {rows, columns}, options.fill) : image;
  if (size.height == rows && size.width == columns) return whole;
  const std::int64_t top = randint(rows - size.height + 1, {1}, random).item_int64(),
                     left = randint(columns - size.width + 1, {1}, random).item_int64();
  return cut(whole, top, left, size);
}

RandomHorizontalFlip::RandomHorizontalFlip(double p) : p(p) { check_probability(p, "RandomHorizontalFlip"); }
Tensor RandomHorizontalFlip::operator()(const Tensor& image, Generator& random) const {
  check_image(image, "RandomHorizontalFlip");
  return happens(p, random) ? reversed(image, image.dim() - 1) : image;
}

RandomVerticalFlip::RandomVerticalFlip(double p) : p(p) { check_probability(p, "RandomVerticalFlip"); }
Tensor RandomVerticalFlip::operator()(const Tensor& image, Generator& random) const {
  check_image(image, "RandomVerticalFlip");
  return happens(p, random) ? reversed(image, image.dim() - 2) : image;
}

TransformedDataset::TransformedDataset(const Dataset& dataset, Transform transform)
    : dataset_(dataset), transform_(std::move(transform)) {
  check<ValueError>(static_cast<bool>(transform_), "TransformedDataset: there is no transform");
}

Batch TransformedDataset::sample(std::span<const std::int64_t> indices, std::uint64_t seed) const {
  const Batch batch = dataset_.sample(indices, derived_seed(seed, 0));
  if (indices.empty()) return batch;
  const NoGrad no_grad;
  Generator random(seed);
  std::vector<Tensor> examples;
  examples.reserve(indices.size());
  for (std::int64_t i = 0; i < batch.inputs.size(0); ++i)
    examples.push_back(transform_(batch.inputs.select(0, i), random));
  return {stack(examples), batch.targets};
}

}  // namespace cairn::train
