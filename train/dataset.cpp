// Gathering rows: a batch is a copy of the chosen examples, row by row.
#include <cairn/train/dataset.h>

#include <cstddef>
#include <cstring>

#include <cairn/core/error.h>

namespace cairn::train {

namespace {

Tensor gather(const Tensor& rows, std::span<const std::int64_t> indices) {
  Shape shape = rows.shape();
  shape[0] = static_cast<std::int64_t>(indices.size());
  Tensor gathered = empty(shape, {.dtype = rows.dtype()});
  if (gathered.numel() == 0) return gathered;
  const auto row = static_cast<std::size_t>(rows.nbytes() / rows.size(0));
  const auto* from = static_cast<const std::byte*>(rows.raw_data());
  auto* to = static_cast<std::byte*>(gathered.raw_data());
  for (const std::int64_t index : indices) {
    std::memcpy(to, from + static_cast<std::size_t>(index) * row, row);
    to += row;
  }
  return gathered;
}

}  // namespace

Batch Dataset::sample(std::span<const std::int64_t> indices, std::uint64_t) const { return batch(indices); }

TensorDataset::TensorDataset(Tensor inputs, Tensor targets) {
  check<ShapeError>(inputs.dim() >= 1 && targets.dim() >= 1 && inputs.size(0) == targets.size(0),
                    "TensorDataset: inputs of shape ", bracketed(inputs.shape()), " and targets of shape ",
                    bracketed(targets.shape()), ", but both must have the same first extent, one for each example");
  check<DeviceError>(inputs.device().is_cpu() && targets.device().is_cpu(), "TensorDataset: inputs on ",
                     inputs.device(), " and targets on ", targets.device(),
                     ", but a dataset lies on the CPU; move each batch instead");
  inputs_ = inputs.detach().contiguous();
  targets_ = targets.detach().contiguous();
}

std::int64_t TensorDataset::size() const { return inputs_.defined() ? inputs_.size(0) : 0; }

Batch TensorDataset::batch(std::span<const std::int64_t> indices) const {
  for (const std::int64_t index : indices) {
    check<IndexError>(index >= 0 && index < size(), "TensorDataset: example ", index, " was asked for, but there are ",
                      size(), ", numbered from 0");
  }
  if (!inputs_.defined()) return {empty({0}), empty({0}, {.dtype = DType::int64})};
  return {gather(inputs_, indices), gather(targets_, indices)};
}

TensorDataset TensorDataset::narrow(std::int64_t start, std::int64_t length) const {
  check<IndexError>(start >= 0 && length >= 0 && start <= size() && length <= size() - start,
                    "TensorDataset: examples ", start, " to ", start + length, " were asked for, but there are ",
                    size());
  if (!inputs_.defined()) return {};
  return {inputs_.narrow(0, start, length), targets_.narrow(0, start, length)};
}

Split split(const TensorDataset& dataset, std::int64_t count) {
  return {dataset.narrow(0, count), dataset.narrow(count, dataset.size() - count)};
}

}  // namespace cairn::train
