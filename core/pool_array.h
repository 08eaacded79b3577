// A list that takes nothing from the system: a short one lies on the stack, a longer one in the thread's pool. Its
// elements are not initialised.
#pragma once

#include <cstddef>
#include <type_traits>

#include <cairn/core/thread_state.h>

namespace cairn {

template <class T>
class PoolArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit PoolArray(std::size_t count)
      : bytes_(count * sizeof(T)),
        data_(static_cast<T*>(bytes_ <= sizeof near_ ? near_ : thread_state.pool.allocate(bytes_))) {}
  ~PoolArray() {
    if (bytes_ > sizeof near_) thread_state.pool.release(data_, bytes_);
  }
  PoolArray(const PoolArray&) = delete;
  PoolArray& operator=(const PoolArray&) = delete;
  T* data() { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }

 private:
  std::size_t bytes_;
  T* data_;
  alignas(T) char near_[512];
};

}  // namespace cairn
