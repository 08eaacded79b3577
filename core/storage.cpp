#include <cairn/core/storage.h>

#include <cairn/core/error.h>

namespace cairn {

Reference<Storage> Storage::allocate_elsewhere(std::size_t size, Device device) {
  static_assert(sizeof(Storage) <= header_size);
  const Backend& table = cairn::backend(device);
  check<ValueError>(size <= largest, "a tensor of ", size, " bytes is more than memory can hold");
  void* memory = nullptr;
  check_status(table.allocate(device.index(), size, nullptr, &memory), table, device, "allocate");
  void* block = thread_state.pool.allocate(header_size);
  Storage* storage = new (block) Storage(memory, size, table, device);
  storage->place_ = Place::on_device;
  return Reference<Storage>::adopt(storage);
}

Reference<Storage> Storage::borrow(void* memory, std::size_t size, void (*release)(void*), void* context) {
  void* block = thread_state.pool.allocate(header_size);
  Storage* storage = new (block) Storage(memory, size, cairn::backend(Device()), Device());
  storage->place_ = Place::borrowed;
  storage->release_ = release;
  storage->context_ = context;
  return Reference<Storage>::adopt(storage);
}

void Storage::destroy(Storage* storage) noexcept {
  std::size_t block_size = header_size + storage->size_;
  if (storage->place_ != Place::behind_header) [[unlikely]] {
    block_size = header_size;
    if (storage->place_ == Place::on_device)
      storage->backend_->release(storage->device_.index(), storage->data_, storage->size_, nullptr);
    else if (storage->release_)
      storage->release_(storage->context_);
  }
  storage->~Storage();
  thread_state.pool.release(storage, block_size);
}

}  // namespace cairn
