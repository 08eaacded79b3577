// Copies between the GPU and pageable host memory, through pinned memory: two pieces each way, one of which the GPU
// works on while the host works on the other.
//
//   in    host ── memcpy ──► piece 0 | 1 ── copied in stream order ──► GPU      small ones share a piece
//   out   host ◄── memcpy ── piece 0 | 1 ◄── copied in stream order ── GPU      each is waited for
//
// Each way has a lock: who waits for a result does not keep others from sending data in.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <mutex>
#include <optional>

#include <cairn/cuda/handles.h>

namespace cairn::cuda {

/// One piece of pinned memory, and when the GPU is done with it.
struct StagingPiece {
  static constexpr std::size_t size = std::size_t{4} << 20;

  Pinned memory{size};
  Event done;
  bool busy = false;  ///< `done` is still to be waited for.
};

class StagingIn {
 public:
  /// Returns when `from` may be reused. Throws Failure, also for what failed earlier.
  void copy(void* to, const void* from, std::size_t size, cudaStream_t stream);

  /// The stream is about to be destroyed: nothing may be recorded on it any more.
  void leave(cudaStream_t stream);

 private:
  bool is_open(cudaStream_t stream) const;
  void close();
  void open(cudaStream_t stream);

  std::mutex mutex_;
  std::optional<StagingPiece> pieces_[2];
  int at_ = 0;
  std::size_t filled_ = 0;  ///< So much of pieces_[at_] has copies queued on `stream_`.
  cudaStream_t stream_ = nullptr;
};

class StagingOut {
 public:
  /// Returns when the bytes are there. Throws Failure, also for what failed earlier.
  void copy(void* to, const void* from, std::size_t size, cudaStream_t stream);

 private:
  std::mutex mutex_;
  std::optional<StagingPiece> pieces_[2];
};

}  // namespace cairn::cuda
