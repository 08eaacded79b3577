// Where the i-th element of a block of dimensions lies, for kernels that walk one block inside another: the terms of a
// sum inside the numbers of its result.
//
//   x [n, channels, h, w]     outputs: [channels]     terms: [n, h w], two dimensions: not evenly spaced
//
// Evenly spaced elements, the usual case, need no division; a block of fewer than 2^31 elements in at most 8 dimensions
// needs Dividers' only (pieces.h); what is left takes divisions of 64 bits.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include <cairn/core/joined_dims.h>
#include <cairn/cuda/pieces.h>

namespace cairn::cuda {

/// How many elements follow each other evenly, and how far apart they lie.
struct Spacing {
  std::int64_t count, step;
};

template <int operands>
class Places {
 public:
  explicit Places(const JoinedDims<operands>& joined) : rank_(joined.rank) {
    std::int64_t count = 1;
    for (int d = 0; d < rank_; ++d) {
      dims_[d] = joined.dims[d];
      for (int k = 0; k < operands; ++k) strides_[d][k] = joined.strides[d][k];
      narrow_ = narrow_ && !__builtin_mul_overflow(count, dims_[d], &count) && count < std::int64_t{1} << 31;
    }
    narrow_ = narrow_ && count > 0 && rank_ <= narrow_rank;
    for (int d = 0; narrow_ && d < rank_; ++d) dividers_[d] = Divider(static_cast<std::uint32_t>(dims_[d]));
  }

  /// Where the elements first, first + step, ... lie; anything for those beyond the last.
  template <int count>
  __device__ void of(std::int64_t first, std::int64_t step, Offsets<operands> (&at)[count]) const {
    std::int64_t i[count];
    for (int u = 0; u < count; ++u) {
      i[u] = first + u * step;
      for (int k = 0; k < operands; ++k) at[u].at[k] = rank_ == 1 ? i[u] * strides_[0][k] : 0;
    }
    if (rank_ == 1) return;
#pragma unroll 1
    for (int d = 0; d < rank_; ++d) {
      for (int u = 0; u < count; ++u) {
        const std::int64_t rest = narrow_ ? dividers_[d].divide(static_cast<std::uint32_t>(i[u])) : i[u] / dims_[d];
        const std::int64_t index = i[u] - rest * dims_[d];
        for (int k = 0; k < operands; ++k) at[u].at[k] += index * strides_[d][k];
        i[u] = rest;
      }
    }
  }

  __device__ Offsets<operands> of(std::int64_t i) const {
    Offsets<operands> at[1];
    of(i, 0, at);
    return at[0];
  }

  Spacing spacing(int operand = 0) const { return {dims_[0], strides_[0][operand]}; }

 private:
  static constexpr int narrow_rank = 8;
  static constexpr int max_rank = JoinedDims<operands>::max_rank;

  int rank_;
  bool narrow_ = true;
  Divider dividers_[narrow_rank];
  std::int64_t dims_[max_rank];  // innermost first
  std::int64_t strides_[max_rank][operands];
};

/// The places of elements `stride` apart.
struct Evenly {
  std::int64_t stride;

  template <int count>
  __device__ void of(std::int64_t first, std::int64_t step, Offsets<1> (&at)[count]) const {
    for (int u = 0; u < count; ++u) at[u].at[0] = (first + u * step) * stride;
  }
};

/// The places of some of a view's dimensions: [first, first + count).
inline Places<1> places_of(const View& view, int first, int count) {
  const View part{view.data, view.dims + first, view.strides + first, count, view.dtype};
  return Places<1>(JoinedDims<1>({&part}));
}

/// Whether neighbouring threads had better take neighbouring outputs than neighbouring terms: where the outputs lie
/// closer together, and enough of them to fill what the memory reads at once (32 bytes and more).
inline bool outputs_lie_closer(Spacing outputs, Spacing terms) {
  return outputs.count >= 8 && terms.count > 1 && outputs.step < terms.step;
}

}  // namespace cairn::cuda
