// A pointer with an intrusive count: what a `Tensor` handle is made of.
//
// The count lies in the object, so that a handle is one pointer and a copy touches one word. While a process has a
// single thread the count needs no atomic instruction (glibc says so in <sys/single_threaded.h>, and libstdc++'s
// shared_ptr asks it likewise): a training step of a tiny model makes about a hundred copies, each some 5 ns dearer
// when atomic.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define CAIRN_HAS_SINGLE_THREADED 1
#endif

namespace cairn {

/// Whether this process has one thread, which nobody else can change meanwhile. False where there is no telling.
inline bool single_threaded() {
#ifdef CAIRN_HAS_SINGLE_THREADED
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

/// Base of what is counted. A class `T` that derives from it provides `static void destroy(T*)`.
class Counted {
 public:
  void retain() {
    if (single_threaded())
      count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    else
      count_.fetch_add(1, std::memory_order_relaxed);
  }

  /// True when the last reference went: the caller destroys the object.
  bool release() {
    if (single_threaded()) {
      const std::uint32_t left = count_.load(std::memory_order_relaxed) - 1;
      count_.store(left, std::memory_order_relaxed);
      return left == 0;
    }
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  std::uint32_t use_count() const { return count_.load(std::memory_order_acquire); }

 protected:
  Counted() = default;
  ~Counted() = default;

 private:
  std::atomic<std::uint32_t> count_{1};
};

/// How a Reference reaches the count of a `T`, and what ends a `T`: overloaded for a type that is only declared.
template <class T>
Counted* counted(T* object) {
  return object;
}
template <class T>
void destroy_counted(T* object) noexcept {
  T::destroy(object);
}

/// Owns one count of a `T`. Made from a new object by `adopt`, from a borrowed one by `share`.
template <class T>
class Reference {
 public:
  constexpr Reference() = default;
  static Reference adopt(T* object) {
    Reference r;
    r.object_ = object;
    return r;
  }
  static Reference share(T* object) {
    if (object) counted(object)->retain();
    return adopt(object);
  }

  Reference(const Reference& other) : object_(other.object_) {
    if (object_) counted(object_)->retain();
  }
  Reference(Reference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Reference& operator=(const Reference& other) {
    Reference(other).swap(*this);
    return *this;
  }
  Reference& operator=(Reference&& other) noexcept {
    Reference(std::move(other)).swap(*this);
    return *this;
  }
  ~Reference() {
    if (object_ && counted(object_)->release()) destroy_counted(object_);
  }

  void swap(Reference& other) noexcept { std::swap(object_, other.object_); }
  T* get() const { return object_; }
  T* detach() { return std::exchange(object_, nullptr); }  ///< Hands the count to the caller.
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace cairn
