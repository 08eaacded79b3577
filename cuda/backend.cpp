// The table: core's way into this backend. Every function of it makes the GPU the thread's current one, does its work
// inside `guarded`, and leaves the thread as it was.
#include <cairn/core/backend.h>

#include <cairn/cuda/errors.h>
#include <cairn/cuda/gpu.h>
#include <cairn/cuda/handles.h>
#include <cairn/cuda/kernel.h>
#include <cairn/cuda/presence.h>

namespace cairn::cuda {
namespace {

const KernelTable& kernels() {
  static const KernelTable table = [] {
    KernelTable entered;
    for (const auto add :
         {add_elementwise_kernels, add_memory_kernels, add_indexing_kernels, add_reduction_kernels, add_matmul_kernels,
          add_softmax_kernels, add_loss_kernels, add_elementwise_loss_kernels, add_batch_norm_kernels,
          add_layer_norm_kernels, add_convolution_kernels, add_pooling_kernels, add_update_kernels})
      add(entered);
    return entered;
  }();
  return table;
}

Kernel find_kernel(Operation operation, DType dtype) {
  const auto row = static_cast<std::size_t>(operation), column = static_cast<std::size_t>(dtype);
  return row < operation_count && column < dtype_count ? kernels().at[row][column] : nullptr;
}

/// Runs `work(gpu)`.
template <class Work>
Status on_gpu(std::int32_t device, Work&& work) {
  return guarded([&] {
    Gpu& gpu = Gpu::at(device);
    const UseGpu use(device);
    work(gpu);
  });
}

std::int32_t device_count() { return Gpu::count(); }
const char* why_none() { return Gpu::why_none(); }

const char* device_name(std::int32_t device) {
  const char* name = "a GPU whose name cannot be read";
  on_gpu(device, [&](Gpu& gpu) { name = gpu.name(); });
  return name;
}

Status allocate(std::int32_t device, std::size_t size, void* stream, void** memory) {
  return on_gpu(device, [&](Gpu& gpu) { *memory = gpu.allocate(size, gpu.stream(stream)); });
}
Status release(std::int32_t device, void* memory, std::size_t size, void* stream) {
  return on_gpu(device, [&](Gpu& gpu) { gpu.release(memory, size, gpu.stream(stream)); });
}
Status copy_in(std::int32_t device, void* to, const void* from, std::size_t size, void* stream) {
  return on_gpu(device, [&](Gpu& gpu) { gpu.copy_in(to, from, size, gpu.stream(stream)); });
}
Status copy_out(std::int32_t device, void* to, const void* from, std::size_t size, void* stream) {
  return on_gpu(device, [&](Gpu& gpu) { gpu.copy_out(to, from, size, gpu.stream(stream)); });
}

Status run(std::int32_t device, const KernelCall* call, void* stream) {
  const Kernel kernel = find_kernel(call->operation, call->dtype);
  if (!kernel) {
    set_last_error("");
    return Status::unsupported;
  }
  return on_gpu(device, [&](Gpu& gpu) {
    Context context{gpu, gpu.stream(stream)};
    kernel(context, *call);
  });
}
bool supports(Operation operation, DType dtype) { return find_kernel(operation, dtype) != nullptr; }

Status create_stream(std::int32_t device, void** stream) {
  return on_gpu(device, [&](Gpu&) {
    cudaStream_t made = nullptr;
    check(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
    *stream = made;
  });
}
Status destroy_stream(std::int32_t device, void* stream) {
  if (!stream) return Status::ok;
  return on_gpu(device, [&](Gpu& gpu) {
    gpu.leave(gpu.stream(stream));
    check(cudaStreamDestroy(gpu.stream(stream)));
  });
}
Status create_event(std::int32_t device, void** event) {
  return on_gpu(device, [&](Gpu&) {
    cudaEvent_t made = nullptr;
    check(cudaEventCreateWithFlags(&made, cudaEventDisableTiming));
    *event = made;
  });
}
Status destroy_event(std::int32_t device, void* event) {
  if (!event) return Status::ok;
  return on_gpu(device, [&](Gpu&) { check(cudaEventDestroy(static_cast<cudaEvent_t>(event))); });
}
Status record_event(std::int32_t device, void* event, void* stream) {
  return on_gpu(device, [&](Gpu& gpu) { check(cudaEventRecord(static_cast<cudaEvent_t>(event), gpu.stream(stream))); });
}
Status wait_event(std::int32_t device, void* event, void* stream) {
  return on_gpu(device,
                [&](Gpu& gpu) { check(cudaStreamWaitEvent(gpu.stream(stream), static_cast<cudaEvent_t>(event), 0)); });
}
Status synchronize(std::int32_t device, void* stream) {
  return on_gpu(device, [&](Gpu& gpu) { gpu.synchronize(gpu.stream(stream)); });
}

Status memory_statistics(std::int32_t device, MemoryStatistics* statistics) {
  return on_gpu(device, [&](Gpu& gpu) { *statistics = gpu.memory(); });
}
Status limit_memory(std::int32_t device, std::size_t limit) {
  return on_gpu(device, [&](Gpu& gpu) { gpu.limit_memory(limit); });
}
Status trim_memory(std::int32_t device) {
  return on_gpu(device, [](Gpu& gpu) { gpu.trim_memory(); });
}
Status reset_peak(std::int32_t device) {
  return on_gpu(device, [](Gpu& gpu) { gpu.reset_peak(); });
}

Status draw_uniform(std::int32_t device, const View* view, std::uint64_t seed, std::uint64_t counter, double from,
                    double to, void* stream) {
  return on_gpu(device, [&](Gpu& gpu) {
    Context context{gpu, gpu.stream(stream)};
    uniform(context, *view, seed, counter, from, to);
  });
}

constexpr Backend table{.version = Backend::current_version,
                        .type = Device::Type::cuda,
                        .host_memory = false,
                        .has_numbers = true,
                        .device_count = device_count,
                        .why_none = why_none,
                        .device_name = device_name,
                        .allocate = allocate,
                        .release = release,
                        .copy_in = copy_in,
                        .copy_out = copy_out,
                        .run = run,
                        .supports = supports,
                        .create_stream = create_stream,
                        .destroy_stream = destroy_stream,
                        .create_event = create_event,
                        .destroy_event = destroy_event,
                        .record_event = record_event,
                        .wait_event = wait_event,
                        .synchronize = synchronize,
                        .memory_statistics = memory_statistics,
                        .limit_memory = limit_memory,
                        .trim_memory = trim_memory,
                        .reset_peak = reset_peak,
                        .uniform = draw_uniform,
                        .last_error = last_error};

}  // namespace
}  // namespace cairn::cuda

/// What a plug-in is asked for (core/plugin.h): its one visible symbol.
extern "C" [[gnu::visibility("default")]] const cairn::Backend* cairn_backend() { return &cairn::cuda::table; }
