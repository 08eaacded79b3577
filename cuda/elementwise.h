// The one kernel behind everything that goes element by element.
//
// What is done with an element is a Body: a struct with typed pointers and two functions,
//
//   struct Double {                                        Offsets: where the element lies in each operand
//     float* y; const float* x;
//     using Loaded = float;
//     __device__ Loaded load(const Offsets<2>& at) const { return x[at[1]]; }
//     __device__ void store(const Offsets<2>& at, Loaded v) const { y[at[0]] = v + v; }
//   };
//
// A thread loads four elements, then stores four, so that four reads are under way at once; its elements lie a block
// apart, so that neighbouring threads touch neighbouring memory. Rows (everything contiguous, and scalars beside it)
// are compiled without divisions. An element is computed from its operands alone, wherever it lies.
#pragma once

#include <cairn/cuda/launch.h>
#include <cairn/cuda/pieces.h>

namespace cairn::cuda {

inline constexpr int elements_per_thread = 4;

template <bool row, int operands, class Body>
__global__ void __launch_bounds__(block_size) elementwise(Piece<operands> piece, Body body) {
  const std::uint32_t first = blockIdx.x * (block_size * elements_per_thread) + threadIdx.x;
  typename Body::Loaded loaded[elements_per_thread];
  Offsets<operands> at[elements_per_thread];
#pragma unroll
  for (int u = 0; u < elements_per_thread; ++u) {
    const std::uint32_t i = first + u * block_size;
    if (i >= piece.count) break;
    at[u] = piece.template place<row>(i);
    loaded[u] = body.load(at[u]);
  }
#pragma unroll
  for (int u = 0; u < elements_per_thread; ++u) {
    if (first + u * block_size >= piece.count) break;
    body.store(at[u], loaded[u]);
  }
}

/// Queues `body` for every element of the joint shape of `views` (the first one's shape; the others broadcast to it).
template <int operands, class Body>
void run_elementwise(Context& context, const View* const (&views)[operands], const Body& body) {
  for_each_piece(JoinedDims<operands>(views), [&](const Piece<operands>& piece) {
    const std::int64_t blocks = blocks_for(piece.count, block_size * elements_per_thread);
    launch(context, piece.is_row() ? elementwise<true, operands, Body> : elementwise<false, operands, Body>, blocks,
           piece, body);
  });
}

}  // namespace cairn::cuda
