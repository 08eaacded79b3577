// A parser that trusts nothing: what the header promises is compared with what the file can hold before memory is
// taken.
#include <cairn/train/idx.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/train/gzip_reader.h>

namespace cairn::train {

namespace {

constexpr std::int64_t held_back_layout = 8000;  // of the t10k pair alone, this many train

std::optional<DType> dtype_of_code(std::uint8_t code) {
  switch (code) {
    case 0x08:
      return DType::uint8;
    case 0x09:
      return DType::int8;
    case 0x0b:
      return DType::int16;
    case 0x0c:
      return DType::int32;
    case 0x0d:
      return DType::float32;
    case 0x0e:
      return DType::float64;
    default:
      return std::nullopt;
  }
}

[[noreturn]] void refuse(const std::string& path, std::uint64_t offset, const std::string& fault) {
  throw FormatError(text(path, ": byte ", offset, ": ", fault), {.file = path, .offset = offset});
}

std::uint32_t big_endian(std::span<const std::byte, 4> bytes) {
  std::uint32_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  return value;
}

void swap_bytes(std::span<std::byte> numbers, std::size_t size) {
  for (std::size_t i = 0; i < numbers.size(); i += size) std::reverse(numbers.begin() + i, numbers.begin() + i + size);
}

/// The first of the names that is there, with or without ".gz"; empty if none is.
std::string find(const std::filesystem::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    for (const char* ending : {"", ".gz"}) {
      std::error_code ignored;
      const std::filesystem::path path = folder / (std::string(name) + ending);
      if (std::filesystem::exists(path, ignored)) return path.string();
    }
  }
  return {};
}

}  // namespace

Tensor read_idx(const std::string& path) {
  GzipReader file(path);
  std::byte magic[4];
  file.read(magic, "the magic number");
  const auto [zero0, zero1, code, rank] = std::bit_cast<std::array<std::uint8_t, 4>>(magic);
  if (zero0 != 0 || zero1 != 0)
    refuse(path, 0, text("this is not an IDX file: it begins with ", zero0, " and ", zero1, ", not 0 and 0"));
  const std::optional<DType> dtype = dtype_of_code(code);
  if (!dtype) refuse(path, 2, text("the type of the numbers is ", code, ", but may be 8, 9, 11, 12, 13 or 14"));
  if (rank < 1 || rank > Shape::inline_rank)
    refuse(path, 3, text("the rank is ", rank, ", but may be 1 to ", Shape::inline_rank));

  const std::size_t element = size_of(*dtype);
  const std::uint64_t most = file.largest_content();
  std::uint64_t bytes = element;
  Shape shape;
  for (int i = 0; i < rank; ++i) {
    const std::uint64_t offset = file.offset();
    std::byte field[4];
    file.read(field, "an extent");
    const std::uint32_t extent = big_endian(field);
    if (extent != 0 && bytes > most / extent) {
      refuse(path, offset, text("extent ", i, " is ", extent, ", which makes more numbers than the file can hold"));
    }
    bytes *= extent;
    shape.push_back(extent);
  }
  Tensor numbers = empty(shape, {.dtype = *dtype});
  const std::span<std::byte> memory(static_cast<std::byte*>(numbers.raw_data()), bytes);
  file.read(memory, "the numbers");
  file.expect_end();
  if (element > 1) swap_bytes(memory, element);
  return numbers;
}

TensorDataset read_idx_pair(const std::string& images_path, const std::string& labels_path) {
  const Tensor images = read_idx(images_path), labels = read_idx(labels_path);
  if (images.dim() != 3 || images.dtype() != DType::uint8) {
    refuse(images_path, 2,
           text("images are uint8 of shape [n, height, width], but here is ", name(images.dtype()), " ",
                bracketed(images.shape())));
  }
  if (labels.dim() != 1 || labels.dtype() != DType::uint8) {
    refuse(labels_path, 2,
           text("labels are uint8 of shape [n], but here is ", name(labels.dtype()), " ", bracketed(labels.shape())));
  }
  if (images.size(0) != labels.size(0)) {
    refuse(labels_path, 4,
           text("there are ", labels.size(0), " labels, but ", images.size(0), " images in ", images_path));
  }
  Tensor inputs = empty({images.size(0), 1, images.size(1), images.size(2)});
  std::ranges::transform(images.data<std::uint8_t>(), inputs.data<float>().begin(),
                         [](std::uint8_t pixel) { return static_cast<float>(pixel) / 255.0f; });
  return {inputs, labels.to(DType::int64)};
}

Split read_idx_folder(const std::string& folder) {
  const std::string train_images = find(folder, {"train-images-idx3-ubyte", "train-images.idx3-ubyte"});
  const std::string train_labels = find(folder, {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte"});
  const std::string test_images = find(folder, {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"});
  const std::string test_labels = find(folder, {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"});

  std::string missing;
  if (test_images.empty()) missing += " t10k-images-idx3-ubyte[.gz]";
  if (test_labels.empty()) missing += " t10k-labels-idx1-ubyte[.gz]";
  if (train_images.empty() != train_labels.empty())
    missing += train_images.empty() ? " train-images-idx3-ubyte[.gz]" : " train-labels-idx1-ubyte[.gz]";
  std::error_code ignored;
  if (!missing.empty()) {
    const bool is_folder = std::filesystem::is_directory(folder, ignored);
    throw IoError(text(folder,
                       is_folder ? ": these files of MNIST's layout are not in the folder:"
                                 : ": there is no such folder; looked in it for:",
                       missing),
                  {.file = folder,
                   .hint = "The folder holds IDX files as MNIST's, packed by gzip or not: t10k-images-idx3-ubyte and "
                           "t10k-labels-idx1-ubyte, and, to train on more than 8,000 of them, the same names with "
                           "train in place of t10k."});
  }
  const TensorDataset test = read_idx_pair(test_images, test_labels);
  if (!train_images.empty()) return {read_idx_pair(train_images, train_labels), test};
  if (test.size() <= held_back_layout) {
    refuse(test_images, 4,
           text("there are ", test.size(), " images and no train pair; more than ", held_back_layout,
                " are needed, of which the first ", held_back_layout, " train"));
  }
  return split(test, held_back_layout);
}

}  // namespace cairn::train
