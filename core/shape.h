// Extents, strides and the broadcasting rule.
//
// A `Shape` is a short list of numbers: up to six lie in the object itself, so that a tensor of usual rank allocates
// nothing for them; more go to the heap. Strides are kept in the same type, in elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

namespace cairn {

class Shape {
 public:
  static constexpr int inline_rank = 6;
  static constexpr int max_rank = 64;

  Shape() : rank_(0), inline_{} {}
  Shape(std::initializer_list<std::int64_t> extents) : Shape(std::span(extents.begin(), extents.size())) {}
  explicit Shape(std::span<const std::int64_t> extents) : Shape() {
    if (extents.size() > inline_rank) {
      begin_long(extents);
      return;
    }
    rank_ = static_cast<int>(extents.size());
    for (int i = 0; i < rank_; ++i) inline_[i] = extents[static_cast<std::size_t>(i)];
  }

  Shape(const Shape& other) {
    if (other.rank_ <= inline_rank) [[likely]]
      copy_short(other);
    else
      begin_long(other);
  }
  Shape(Shape&& other) noexcept : Shape() { *this = std::move(other); }
  Shape& operator=(const Shape& other) {
    if (rank_ > inline_rank || other.rank_ > inline_rank) return assign_long(other);
    if (this != &other) copy_short(other);
    return *this;
  }
  Shape& operator=(Shape&& other) noexcept {
    if (rank_ > inline_rank || other.rank_ > inline_rank) return swap_long(other);
    return *this = static_cast<const Shape&>(other);
  }
  ~Shape() {
    if (rank_ > inline_rank) delete[] heap_;
  }

  int rank() const { return rank_; }
  std::size_t size() const { return static_cast<std::size_t>(rank_); }
  bool empty() const { return rank_ == 0; }
  const std::int64_t* data() const { return rank_ > inline_rank ? heap_ : inline_; }
  std::int64_t* data() { return rank_ > inline_rank ? heap_ : inline_; }
  const std::int64_t* begin() const { return data(); }
  const std::int64_t* end() const { return data() + rank_; }
  std::int64_t operator[](int i) const { return data()[i]; }  ///< 0 <= i < rank().
  std::int64_t& operator[](int i) { return data()[i]; }
  std::int64_t at(int i) const;  ///< A negative i counts from the end; throws IndexError.
  operator std::span<const std::int64_t>() const { return {data(), size()}; }

  std::int64_t numel() const;  ///< The product of the extents; 1 for a scalar.
  void push_back(std::int64_t extent);

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    const std::int64_t *x = a.data(), *y = b.data();
    for (int i = 0; i < a.rank_; ++i)
      if (x[i] != y[i]) return false;
    return true;
  }

 private:
  void copy_short(const Shape& other) {
    rank_ = other.rank_;
    std::memcpy(inline_, other.inline_, sizeof inline_);  // all of it, used or not: three wide moves
  }
  void begin_long(std::span<const std::int64_t> extents);
  Shape& assign_long(const Shape& other);  // where one of the two lies on the heap
  Shape& swap_long(Shape& other) noexcept;

  int rank_;
  union {
    std::int64_t inline_[inline_rank];
    std::int64_t* heap_;
  };
};

std::string to_string(const Shape& shape);                     ///< As PyTorch prints it: "torch.Size([2, 3])".
std::string bracketed(std::span<const std::int64_t> extents);  ///< "[2, 3]"

/// Extents named in a message: written as `bracketed` does, but only if the message is needed.
struct Extents {
  std::span<const std::int64_t> extents;
  explicit Extents(std::span<const std::int64_t> extents) : extents(extents) {}
};
inline std::string to_string(const Extents& shown) { return bracketed(shown.extents); }

/// The index `dim` of a rank-`rank` tensor, negative counting from the end; throws IndexError with PyTorch's text.
int wrap_dim(std::int64_t dim, int rank);

/// Row-major strides, in elements: `{3, 1}` for a shape `{2, 3}`.
Shape contiguous_strides(const Shape& shape);

/// The shape of an elementwise result: aligned at the last dimension, extents of 1 stretch. Throws ShapeError.
Shape broadcast_shapes(const Shape& a, const Shape& b);

}  // namespace cairn
