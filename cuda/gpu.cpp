#include <cairn/cuda/gpu.h>

#include <atomic>
#include <mutex>
#include <string>

#include <cairn/cuda/blas.h>
#include <cairn/cuda/errors.h>
#include <cairn/cuda/handles.h>
#include <cairn/cuda/memory_pool.h>
#include <cairn/cuda/presence.h>
#include <cairn/cuda/staging.h>

namespace cairn::cuda {

/// What is given back when the GPU cannot be prepared to the end.
struct Gpu::Parts {
  explicit Parts(int index) : pool(index) {}
  Stream stream;
  MemoryPool pool;
  Pinned faults{sizeof(FaultWord)};
  StagingIn in;
  StagingOut out;
  std::mutex blas_mutex;
  std::unique_ptr<Blas> blas;
};

namespace {

constexpr int most = 64;
std::atomic<Gpu*> made[most];

/// The word as one number, which is how threads of the GPU write it.
static_assert(sizeof(FaultWord) == sizeof(std::uint64_t));
FaultWord take(char* word) {
  return {__atomic_exchange_n(reinterpret_cast<std::uint64_t*>(word), 0, __ATOMIC_ACQ_REL)};
}

}  // namespace

int Gpu::count() { return presence().count < most ? presence().count : most; }
const char* Gpu::why_none() { return presence().why_none.c_str(); }

Gpu& Gpu::at(int index) {
  if (index < 0 || index >= count())
    throw Failure{Status::invalid, count() == 0 ? why_none()
                                                : "there is no GPU " + std::to_string(index) + "; there are " +
                                                      std::to_string(count()) + ", numbered from 0"};
  std::atomic<Gpu*>& place = made[index];
  if (Gpu* gpu = place.load(std::memory_order_acquire)) return *gpu;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (Gpu* gpu = place.load(std::memory_order_acquire)) return *gpu;
  const UseGpu use(index);
  Gpu* const gpu = new Gpu(index);
  place.store(gpu, std::memory_order_release);
  return *gpu;
}

Gpu::Gpu(int index) {
  check(cudaGetDeviceProperties(&properties_, index));
  parts_ = std::make_unique<Parts>(index);
  stream_ = parts_->stream.get();
  take(parts_->faults.get());
  void* faults = nullptr;
  check(cudaHostGetDevicePointer(&faults, parts_->faults.get(), 0));
  faults_on_device_ = static_cast<FaultWord*>(faults);
}

void* Gpu::allocate(std::size_t size, cudaStream_t stream) { return parts_->pool.allocate(size, stream); }
void Gpu::release(void* memory, std::size_t size, cudaStream_t stream) { parts_->pool.release(memory, size, stream); }
MemoryStatistics Gpu::memory() { return parts_->pool.statistics(); }
void Gpu::limit_memory(std::size_t limit) { parts_->pool.limit(limit); }
void Gpu::trim_memory() { parts_->pool.trim(); }
void Gpu::reset_peak() { parts_->pool.reset_peak(); }

void Gpu::copy_in(void* to, const void* from, std::size_t size, cudaStream_t stream) {
  parts_->in.copy(to, from, size, stream);
}

void Gpu::copy_out(void* to, const void* from, std::size_t size, cudaStream_t stream) {
  parts_->out.copy(to, from, size, stream);
  check_faults();
}

void Gpu::synchronize(cudaStream_t stream) {
  check_wait(cudaStreamSynchronize(stream));
  check_faults();
}

void Gpu::check_faults() {
  const FaultWord word = take(parts_->faults.get());
  if (word.fault() == Fault::none) return;
  const std::string value = std::to_string(word.value());
  std::string text = "an operation queued earlier failed: ";
  if (word.fault() == Fault::target_out_of_bounds)
    text += "cross_entropy: Target " + value + " is out of bounds.";
  else
    text += "index " + value + " is out of bounds for dimension " + std::to_string(word.dimension()) + " with size " +
            std::to_string(word.size()) + (word.size() == FaultWord::most_size ? " or more" : "");
  throw Failure{Status::invalid, text};
}

void Gpu::leave(cudaStream_t stream) {
  parts_->in.leave(stream);
  const std::lock_guard lock(parts_->blas_mutex);
  if (parts_->blas) parts_->blas->leave(stream);
}

Blas& Gpu::blas() {
  const std::lock_guard lock(parts_->blas_mutex);
  if (!parts_->blas) parts_->blas = std::make_unique<Blas>();
  return *parts_->blas;
}

UseGpu::UseGpu(int index) {
  int current = -1;
  check(cudaGetDevice(&current));
  if (current == index) return;
  check(cudaSetDevice(index));
  before_ = current;
}

UseGpu::~UseGpu() {
  if (before_ >= 0) cudaSetDevice(before_);
}

}  // namespace cairn::cuda
