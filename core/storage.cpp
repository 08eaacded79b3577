#include <cairn/core/storage.h>

#include <limits>
#include <new>

#include <cairn/core/error.h>
#include <cairn/core/thread_state.h>

namespace cairn {
namespace {

constexpr std::size_t header_size = 64;
static_assert(sizeof(Storage) <= header_size);

}  // namespace

Reference<Storage> Storage::allocate(std::size_t size, Device device) {
  const Backend& table = cairn::backend(device);
  check<ValueError>(size <= std::numeric_limits<std::size_t>::max() / 4, "a tensor of ", size,
                    " bytes is more than memory can hold");
  if (device.is_cpu()) {
    char* block = static_cast<char*>(thread_state.pool.allocate(header_size + size));
    return Reference<Storage>::adopt(new (block) Storage(block + header_size, size, table, device));
  }
  void* memory = nullptr;
  check_status(table.allocate(device.index(), size, nullptr, &memory), table, device, "allocate");
  void* block = thread_state.pool.allocate(header_size);
  Storage* storage = new (block) Storage(memory, size, table, device);
  storage->owns_device_memory_ = true;
  return Reference<Storage>::adopt(storage);
}

Reference<Storage> Storage::borrow(void* memory, std::size_t size, void (*release)(void*), void* context) {
  void* block = thread_state.pool.allocate(header_size);
  Storage* storage = new (block) Storage(memory, size, cairn::backend(Device()), Device());
  storage->release_ = release;
  storage->context_ = context;
  return Reference<Storage>::adopt(storage);
}

void Storage::destroy(Storage* storage) noexcept {
  const bool in_one_block = storage->data_ == reinterpret_cast<char*>(storage) + header_size;
  if (storage->owns_device_memory_) {
    storage->backend_->release(storage->device_.index(), storage->data_, storage->size_, nullptr);
  } else if (storage->release_) {
    storage->release_(storage->context_);
  }
  const std::size_t block_size = header_size + (in_one_block ? storage->size_ : 0);
  storage->~Storage();
  thread_state.pool.release(storage, block_size);
}

}  // namespace cairn
