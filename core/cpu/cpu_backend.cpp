// The CPU behind the backend table: host memory, kernels called directly, everything done when the call returns.

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include <cairn/core/builtin_backends.h>
#include <cairn/core/cpu/failure.h>
#include <cairn/core/cpu/instruction_set.h>
#include <cairn/core/cpu/kernel.h>
#include <cairn/core/error.h>
#include <cairn/core/thread_state.h>
#include <cairn/core/version.h>

extern "C" {
void* cairn_kernels_baseline();
#if defined(__x86_64__)
void* cairn_kernels_avx2();
void* cairn_kernels_avx512();
#endif
}

namespace cairn {
namespace {

KernelTable* table_of(InstructionSet set) {
  static std::mutex mutex;
  static void* tables[3] = {};
  const std::lock_guard lock(mutex);
  const auto made = [](InstructionSet which) -> KernelTable* {
    void*& table = tables[static_cast<int>(which)];
    if (table) return static_cast<KernelTable*>(table);
    switch (which) {
#if defined(__x86_64__)
      case InstructionSet::avx512:
        table = cairn_kernels_avx512();
        break;
      case InstructionSet::avx2:
        table = cairn_kernels_avx2();
        break;
#endif
      default:
        table = cairn_kernels_baseline();
    }
    return static_cast<KernelTable*>(table);
  };
  KernelTable* table = made(set);
  const KernelTable* baseline = made(InstructionSet::baseline);
  for (std::size_t operation = 0; operation < operation_count; ++operation) {
    for (std::size_t dtype = 0; dtype < dtype_count; ++dtype) {
      Kernel& kernel = table->at[operation][dtype];
      if (!kernel) kernel = baseline->at[operation][dtype];
    }
  }
  return table;
}

InstructionSet best_set() {
  for (const InstructionSet set : {InstructionSet::avx512, InstructionSet::avx2})
    if (machine_has(set)) return set;
  return InstructionSet::baseline;
}

constinit std::atomic<const KernelTable*> table_in_use = nullptr;  // null: none was needed yet
constinit std::atomic<InstructionSet> set_in_use = InstructionSet::baseline;

[[gnu::noinline]] const KernelTable& use_best() {
  const InstructionSet best = best_set();
  const KernelTable *table = table_of(best), *none = nullptr;
  if (!table_in_use.compare_exchange_strong(none, table)) return *none;  // another thread's, or a test's
  set_in_use = best;
  return *table;
}

Kernel find(Operation operation, DType dtype) {
  const KernelTable* const chosen = table_in_use.load(std::memory_order_acquire);
  const KernelTable& table = chosen ? *chosen : use_best();
  const auto row = static_cast<std::size_t>(operation), column = static_cast<std::size_t>(dtype);
  return row < operation_count && column < dtype_count ? table.at[row][column] : nullptr;
}

std::int32_t device_count() { return 1; }
const char* device_name(std::int32_t) { return "CPU"; }
Status allocate(std::int32_t, std::size_t size, void*, void** memory) {
  *memory = std::aligned_alloc(64, (size + 63) / 64 * 64);
  return *memory || size == 0 ? Status::ok : Status::out_of_memory;
}
Status release(std::int32_t, void* memory, std::size_t, void*) {
  std::free(memory);
  return Status::ok;
}
Status copy(std::int32_t, void* to, const void* from, std::size_t size, void*) {
  std::memcpy(to, from, size);
  return Status::ok;
}
Status run(std::int32_t, const KernelCall* call, void*) {
  const Kernel kernel = find(call->operation, call->dtype);
  if (!kernel) return Status::unsupported;
  kernel(*call);
#if defined(__x86_64__)
  // See clear_upper_halves in kernel.h; written out, because this file is compiled for machines without AVX, too.
  if (set_in_use.load(std::memory_order_relaxed) != InstructionSet::baseline) asm volatile("vzeroupper");
#endif
  if (kernel_failure.failed) [[unlikely]] {
    kernel_failure.failed = false;
    return Status::invalid;
  }
  return Status::ok;
}
bool supports(Operation operation, DType dtype) { return find(operation, dtype) != nullptr; }

// The CPU has no queue: streams and events are there in name.
Status create(std::int32_t, void** made) {
  *made = nullptr;
  return Status::ok;
}
Status nothing(std::int32_t, void*) { return Status::ok; }
Status nothing_with(std::int32_t, void*, void*) { return Status::ok; }
const char* last_error() { return kernel_failure.why; }

constexpr Backend table{.version = Backend::current_version,
                        .type = Device::Type::cpu,
                        .host_memory = true,
                        .has_numbers = true,
                        .device_count = device_count,
                        .why_none = nullptr,
                        .device_name = device_name,
                        .allocate = allocate,
                        .release = release,
                        .copy_in = copy,
                        .copy_out = copy,
                        .run = run,
                        .supports = supports,
                        .create_stream = create,
                        .destroy_stream = nothing,
                        .create_event = create,
                        .destroy_event = nothing,
                        .record_event = nothing_with,
                        .wait_event = nothing_with,
                        .synchronize = nothing,
                        .memory_statistics = nullptr,
                        .limit_memory = nullptr,
                        .trim_memory = nullptr,
                        .reset_peak = nullptr,
                        .uniform = nullptr,
                        .last_error = last_error};

}  // namespace

const Backend& cpu_backend() { return table; }

std::string_view name(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx512:
      return "avx512";
    case InstructionSet::avx2:
      return "avx2";
    default:
      return "baseline";
  }
}

bool machine_has(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
    case InstructionSet::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    default:
      return true;
  }
#else
  return set == InstructionSet::baseline;
#endif
}

InstructionSet instruction_set_in_use() {
  if (!table_in_use.load(std::memory_order_acquire)) use_best();
  return set_in_use;
}

void use_instruction_set(InstructionSet set) {
  check<DeviceError>(machine_has(set), "this machine has no ", name(set), " instructions");
  table_in_use = table_of(set);
  set_in_use = set;
}

std::string instruction_set() { return std::string(name(instruction_set_in_use())); }

}  // namespace cairn
