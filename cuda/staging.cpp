#include <cairn/cuda/staging.h>

#include <algorithm>
#include <cstring>

namespace cairn::cuda {
namespace {

constexpr std::size_t alignment = 256;  // of copies within a piece

std::size_t aligned(std::size_t size) { return (size + alignment - 1) / alignment * alignment; }

StagingPiece& made(std::optional<StagingPiece>& piece) { return piece ? *piece : piece.emplace(); }

}  // namespace

bool StagingIn::is_open(cudaStream_t stream) const {
  return pieces_[at_] && !pieces_[at_]->busy && stream == stream_ && filled_ < StagingPiece::size;
}

/// Hands the piece over to the GPU, if anything is in it. After a failure it can be tried again.
void StagingIn::close() {
  if (filled_ == 0) return;
  pieces_[at_]->done.record(stream_);
  pieces_[at_]->busy = true;
  filled_ = 0;
  at_ = 1 - at_;
}

void StagingIn::open(cudaStream_t stream) {
  close();
  StagingPiece& piece = made(pieces_[at_]);
  if (piece.busy) {
    piece.done.wait();
    piece.busy = false;
  }
  stream_ = stream;
}

void StagingIn::copy(void* to, const void* from, std::size_t size, cudaStream_t stream) {
  const std::lock_guard lock(mutex_);
  while (size > 0) {
    if (!is_open(stream)) open(stream);
    const std::size_t now = std::min(size, StagingPiece::size - filled_);
    char* const staged = pieces_[at_]->memory.get() + filled_;
    std::memcpy(staged, from, now);
    check(cudaMemcpyAsync(to, staged, now, cudaMemcpyHostToDevice, stream));
    filled_ += aligned(now);
    to = static_cast<char*>(to) + now;
    from = static_cast<const char*>(from) + now;
    size -= now;
  }
}

void StagingIn::leave(cudaStream_t stream) {
  const std::lock_guard lock(mutex_);
  if (stream == stream_) close();
}

void StagingOut::copy(void* to, const void* from, std::size_t size, cudaStream_t stream) {
  const std::lock_guard lock(mutex_);
  const auto length = [size](std::size_t at) { return std::min(size - at, StagingPiece::size); };
  const auto piece = [&](std::size_t at) -> StagingPiece& { return *pieces_[at / StagingPiece::size % 2]; };
  const auto queue = [&](std::size_t at) {
    made(pieces_[at / StagingPiece::size % 2]);
    check(cudaMemcpyAsync(piece(at).memory.get(), static_cast<const char*>(from) + at, length(at),
                          cudaMemcpyDeviceToHost, stream));
    piece(at).done.record(stream);
  };
  try {
    if (size > 0) queue(0);
    for (std::size_t at = 0; at < size; at += StagingPiece::size) {
      if (size - at > StagingPiece::size) queue(at + StagingPiece::size);
      piece(at).done.wait();
      std::memcpy(static_cast<char*>(to) + at, piece(at).memory.get(), length(at));
    }
  } catch (...) {
    cudaStreamSynchronize(stream);  // nothing may still write to the pieces when they are used next
    throw;
  }
}

}  // namespace cairn::cuda
