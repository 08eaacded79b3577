// IDX: the files of MNIST and its relatives (LeCun, Cortes, Burges). Big-endian, packed by gzip or not.
//
//   offset  size  field
//        0     2  zero
//        2     1  type: 08 uint8, 09 int8, 0b int16, 0c int32, 0d float32, 0e float64
//        3     1  rank
//        4  4 r   extents
//   4 + 4 r       numbers, row by row, up to the end of the file
//
// A data set is a folder of four such files, images and labels to train and to test with:
//
//   train-images-idx3-ubyte.gz  train-labels-idx1-ubyte.gz  t10k-images-idx3-ubyte.gz  t10k-labels-idx1-ubyte.gz
#pragma once

#include <cstdint>
#include <string>

#include <cairn/core/tensor.h>
#include <cairn/train/dataset.h>

namespace cairn::train {

/// The numbers of an IDX file, packed by gzip or not (its content says which), in the shape and dtype it gives. Throws
/// IoError when it cannot be read, and FormatError, naming file and offset (in what was packed), when it is cut short,
/// goes on after the numbers, or is not IDX.
Tensor read_idx(const std::string& path);

/// Images float32 [n, 1, height, width] in [0, 1] and labels int64 [n] from a pair of IDX files of uint8, [n, height,
/// width] and [n]. Throws as `read_idx`, and FormatError when the two do not fit each other.
TensorDataset read_idx_pair(const std::string& images, const std::string& labels);

/// The data set in a folder of MNIST's layout: each of the four files with `.gz` or without. Where there is no pair
/// named `train`, the first 8,000 images of `t10k` train and the rest test. Throws IoError naming what was looked for.
Split read_idx_folder(const std::string& folder);

}  // namespace cairn::train
