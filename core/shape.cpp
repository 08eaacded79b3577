// Shapes: storage for the extents, PyTorch's texts, broadcasting.
#include <cairn/core/shape.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <cairn/core/error.h>

namespace cairn {

void Shape::begin_long(std::span<const std::int64_t> extents) {
  check<ShapeError>(extents.size() <= max_rank, "shape: ", extents.size(), " dimensions; at most ", max_rank,
                    " are possible");
  heap_ = new std::int64_t[extents.size()];
  std::copy(extents.begin(), extents.end(), heap_);
  rank_ = static_cast<int>(extents.size());
}

Shape& Shape::assign_long(const Shape& other) {
  Shape copy{std::span<const std::int64_t>(other)};
  return swap_long(copy);
}

Shape& Shape::swap_long(Shape& other) noexcept {
  if (this == &other) return *this;
  // The union's words as they are: either six extents or a pointer.
  std::swap(rank_, other.rank_);
  std::int64_t words[inline_rank];
  std::memcpy(words, inline_, sizeof words);
  std::memcpy(inline_, other.inline_, sizeof words);
  std::memcpy(other.inline_, words, sizeof words);
  return *this;
}

std::int64_t Shape::at(int i) const {
  const int from_start = i < 0 ? i + rank_ : i;
  check<IndexError>(from_start >= 0 && from_start < rank_, "Dimension out of range (expected to be in range of [",
                    rank_ == 0 ? -1 : -rank_, ", ", rank_ == 0 ? 0 : rank_ - 1, "], but got ", i, ")");
  return data()[from_start];
}

std::int64_t Shape::numel() const {
  std::int64_t count = 1;
  bool overflow = false;
  for (std::int64_t extent : *this) {
    if (extent == 0) return 0;
    overflow |= __builtin_mul_overflow(count, extent, &count);
  }
  check<ShapeError>(!overflow, "numel: integer multiplication overflow");
  return count;
}

void Shape::push_back(std::int64_t extent) {
  if (rank_ < inline_rank) {
    inline_[rank_++] = extent;
    return;
  }
  check<ShapeError>(rank_ < max_rank, "shape: more than ", max_rank, " dimensions");
  auto* place = new std::int64_t[static_cast<std::size_t>(rank_) + 1];
  std::copy_n(data(), rank_, place);
  place[rank_] = extent;
  if (rank_ > inline_rank) delete[] heap_;
  heap_ = place;
  ++rank_;
}

std::string bracketed(std::span<const std::int64_t> extents) {
  std::string text = "[";
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (i) text += ", ";
    text += std::to_string(extents[i]);
  }
  return text + "]";
}

std::string to_string(const Shape& shape) { return "torch.Size(" + bracketed(shape) + ")"; }

int wrap_dim(std::int64_t dim, int rank) {
  const int extent = std::max(rank, 1);  // a scalar takes 0 and -1
  check<IndexError>(-extent <= dim && dim < extent, "Dimension out of range (expected to be in range of [", -extent,
                    ", ", extent - 1, "], but got ", dim, ")");
  return static_cast<int>(dim < 0 ? dim + extent : dim);
}

Shape contiguous_strides(const Shape& shape) {
  Shape strides = shape;
  std::int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  Shape result = a.rank() >= b.rank() ? a : b;
  for (int i = result.rank() - 1; i >= 0; --i) {
    const int in_a = i - (result.rank() - a.rank()), in_b = i - (result.rank() - b.rank());
    const std::int64_t from_a = in_a < 0 ? 1 : a[in_a], from_b = in_b < 0 ? 1 : b[in_b];
    check<ShapeError>(from_a == from_b || from_a == 1 || from_b == 1, "The size of tensor a (", from_a,
                      ") must match the size of tensor b (", from_b, ") at non-singleton dimension ", i);
    result[i] = from_a == 1 ? from_b : from_a;
  }
  return result;
}

}  // namespace cairn
