// Digits drawn by strokes: a data set of any number and size, from a seed, without a file.
//
// Each of the ten digits is a few curves in a unit box. To draw one, its control points are shaken, the whole is
// scaled, turned, slanted and shifted, the curves are followed with a pen of some thickness, and noise is laid over the
// picture. The shifts are what makes it hard: no single pixel says much about the digit, so a linear model stays well
// behind one with a hidden layer.
//
// Only +, -, *, / and sqrt are used, which every machine rounds alike: the same seed gives the same pictures
// everywhere.
#pragma once

#include <cstdint>

#include <cairn/core/random.h>
#include <cairn/core/tensor.h>
#include <cairn/train/dataset.h>

namespace cairn::train {

struct DrawnDigitsOptions {
  std::int64_t size = 8;  ///< Height and width in pixels, at least 4.
  std::uint64_t seed = 0;
  double noise = 0.15;  ///< The largest change to a pixel, 0 to 1.
};

/// One picture of `digit` (0 to 9): float32 [size, size] in [0, 1], ink is 1. Throws ValueError for anything else.
Tensor draw_digit(int digit, std::int64_t size, double noise, Generator& generator);

/// `count` pictures, float32 [count, 1, size, size] in [0, 1], labelled int64 [count]: the i-th shows the digit i % 10.
/// The first pictures do not depend on `count`. Throws ValueError for a size, noise or count that makes no sense.
TensorDataset drawn_digits(std::int64_t count, const DrawnDigitsOptions& options = {});

}  // namespace cairn::train
