// Starting kernels: blocks of 256 threads, one place where the launch is made and its error read.
//
// The error is taken from the launch itself, not from cudaGetLastError, which would also hold what other code of the
// process left there.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <tuple>
#include <utility>

#include <cairn/cuda/kernel.h>

namespace cairn::cuda {

inline constexpr int block_size = 256;

namespace detail {
template <class Kernel, class Parameters, std::size_t... i>
void launch(Kernel kernel, std::uint32_t blocks, cudaStream_t stream, Parameters& parameters,
            std::index_sequence<i...>) {
  void* pointers[] = {&std::get<i>(parameters)...};
  check(cudaLaunchKernel(kernel, dim3(blocks), dim3(block_size), pointers, 0, stream));
}
}  // namespace detail

/// Queues `kernel(arguments...)` on `blocks` blocks; none is no work.
template <class... Parameters, class... Arguments>
void launch(Context& context, void (*kernel)(Parameters...), std::int64_t blocks, Arguments&&... arguments) {
  if (blocks == 0) return;
  if (blocks > 0x7fffffff) throw Failure{Status::invalid, "the tensor is too large for one launch of a kernel"};
  std::tuple<std::remove_cv_t<Parameters>...> parameters(std::forward<Arguments>(arguments)...);
  detail::launch(kernel, static_cast<std::uint32_t>(blocks), context.stream, parameters,
                 std::index_sequence_for<Parameters...>{});
}

/// How many blocks do `count` things when a block does `each`.
constexpr std::int64_t blocks_for(std::int64_t count, std::int64_t each) { return count / each + (count % each != 0); }

}  // namespace cairn::cuda
