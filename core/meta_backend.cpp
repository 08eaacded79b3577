// "meta": tensors of shape, dtype and strides without numbers. Operations on them work out shapes and compute nothing.

#include <cairn/core/builtin_backends.h>

namespace cairn {
namespace {

std::int32_t device_count() { return 1; }
const char* device_name(std::int32_t) { return "no numbers"; }
Status allocate(std::int32_t, std::size_t, void*, void** memory) {
  *memory = nullptr;
  return Status::ok;
}
Status release(std::int32_t, void*, std::size_t, void*) { return Status::ok; }
Status no_numbers(std::int32_t, void*, const void*, std::size_t, void*) { return Status::invalid; }
Status run(std::int32_t, const KernelCall*, void*) { return Status::ok; }
bool supports(Operation, DType) { return true; }
Status create(std::int32_t, void** made) {
  *made = nullptr;
  return Status::ok;
}
Status nothing(std::int32_t, void*) { return Status::ok; }
Status nothing_with(std::int32_t, void*, void*) { return Status::ok; }
const char* last_error() { return "a meta tensor has no numbers"; }

constexpr Backend table{.version = Backend::current_version,
                        .type = Device::Type::meta,
                        .host_memory = false,
                        .has_numbers = false,
                        .device_count = device_count,
                        .why_none = nullptr,
                        .device_name = device_name,
                        .allocate = allocate,
                        .release = release,
                        .copy_in = no_numbers,
                        .copy_out = no_numbers,
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

const Backend& meta_backend() { return table; }

}  // namespace cairn
