// "sim:N": an emulated accelerator, for tests, teaching and laptops.
//
// What makes code for accelerators hard is kept: memory that the host cannot touch, and work that is done later. The
// addresses it gives out lie in a reservation without access rights; the numbers lie in a second one of the same size,
// and only this file adds the distance between the two, so every stray access faults.
//
//   host pointers        reservation (no access)      real memory
//   ─────────────        ┌──────────────────┐         ┌──────────────────┐
//   tensor.raw_data() ──►│ address given out│─ shift ►│ numbers          │◄── kernels, on the device's own thread
//                        └──────────────────┘         └──────────────────┘
//
// Work is queued and done in order by one thread for each device; what fails there is reported by the next call that
// waits. The kernels are the CPU's: a result on sim:0 is the CPU's, bit for bit.

#include <sys/mman.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <cairn/core/builtin_backends.h>

namespace cairn {
namespace {

constexpr int device_limit = 8;
constexpr std::size_t capacity = std::size_t{16} << 30;  // of address space; memory is taken as it is written
constexpr std::size_t granularity = 4096;

thread_local std::string error_text;

class SimDevice {
 public:
  SimDevice()
      : reserved_(static_cast<char*>(map(PROT_NONE))),
        real_(static_cast<char*>(map(PROT_READ | PROT_WRITE))),
        worker_([this] { serve(); }) {
    free_[0] = capacity;
    worker_.detach();  // a device lives as long as the process
  }

  void* allocate(std::size_t size) {
    const std::lock_guard lock(memory_mutex_);
    const std::size_t wanted = std::max<std::size_t>((size + granularity - 1) / granularity * granularity, granularity);
    for (auto range = free_.begin(); range != free_.end(); ++range) {
      if (range->second < wanted || in_use_ + wanted > limit_) continue;
      const std::size_t at = range->first, left = range->second - wanted;
      free_.erase(range);
      if (left) free_[at + wanted] = left;
      used_[at] = wanted;
      in_use_ += wanted;
      peak_ = std::max(peak_, in_use_);
      return reserved_ + at;
    }
    error_text = "tried to allocate " + std::to_string(size) + " bytes; " + std::to_string(in_use_) + " of " +
                 std::to_string(limit_) + " are in use";
    return nullptr;
  }

  MemoryStatistics memory() {
    const std::lock_guard lock(memory_mutex_);
    return {in_use_, peak_, in_use_, capacity - in_use_, capacity, limit_ == capacity ? 0 : limit_};
  }
  void limit(std::size_t bytes) {
    const std::lock_guard lock(memory_mutex_);
    limit_ = bytes == 0 ? capacity : std::min(bytes, capacity);
  }
  void reset_peak() {
    const std::lock_guard lock(memory_mutex_);
    peak_ = in_use_;
  }

  /// In queue order: work before it may still use the memory.
  void release(void* memory) {
    enqueue([this, at = static_cast<std::size_t>(static_cast<char*>(memory) - reserved_)] {
      const std::lock_guard lock(memory_mutex_);
      const auto used = used_.find(at);
      std::size_t begin = at, size = used->second;
      in_use_ -= size;
      used_.erase(used);
      if (size >= (std::size_t{1} << 20)) madvise(real_ + at, size, MADV_DONTNEED);
      auto after = free_.lower_bound(begin);
      if (after != free_.end() && after->first == begin + size) {
        size += after->second;
        after = free_.erase(after);
      }
      if (after != free_.begin()) {
        const auto before = std::prev(after);
        if (before->first + before->second == begin) {
          begin = before->first;
          size += before->second;
          free_.erase(before);
        }
      }
      free_[begin] = size;
    });
  }

  /// Where the numbers behind an address given out really lie.
  void* real(const void* given_out) const {
    return const_cast<char*>(static_cast<const char*>(given_out)) + (real_ - reserved_);
  }

  void enqueue(std::function<void()> job) {
    {
      const std::lock_guard lock(queue_mutex_);
      queue_.push_back(std::move(job));
      ++enqueued_;
    }
    queue_changed_.notify_all();
  }

  std::uint64_t enqueued() {
    const std::lock_guard lock(queue_mutex_);
    return enqueued_;
  }

  /// Waits for everything enqueued so far, and reports the first failure since the last wait.
  Status wait(std::uint64_t until) {
    std::unique_lock lock(queue_mutex_);
    queue_changed_.wait(lock, [&] { return done_ >= until; });
    if (failure_.empty()) return Status::ok;
    error_text = "an operation queued earlier failed: " + failure_;
    failure_.clear();
    return Status::failed;
  }
  Status wait() { return wait(enqueued()); }

  void fail(std::string what) {
    const std::lock_guard lock(queue_mutex_);
    if (failure_.empty()) failure_ = std::move(what);
  }

 private:
  static void* map(int protection) {
    void* memory = mmap(nullptr, capacity, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return memory;
  }

  void serve() {
    std::unique_lock lock(queue_mutex_);
    while (true) {
      queue_changed_.wait(lock, [this] { return !queue_.empty(); });
      std::function<void()> job = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
      ++done_;
      queue_changed_.notify_all();
    }
  }

  char *reserved_, *real_;
  std::mutex memory_mutex_;
  std::map<std::size_t, std::size_t> free_, used_;  // offset -> size
  std::size_t in_use_ = 0, peak_ = 0, limit_ = capacity;

  std::mutex queue_mutex_;
  std::condition_variable queue_changed_;
  std::deque<std::function<void()>> queue_;
  std::uint64_t enqueued_ = 0, done_ = 0;
  std::string failure_;
  std::thread worker_;
};

/// The device, made on first use and kept until the process ends; null, with an error text, if it cannot be had.
SimDevice* device_at(std::int32_t index) {
  static std::mutex mutex;
  static std::array<SimDevice*, device_limit> devices{};
  const std::lock_guard lock(mutex);
  SimDevice*& device = devices[static_cast<std::size_t>(index)];
  if (!device) {
    try {
      device = new SimDevice;
    } catch (const std::exception& error) {
      error_text = std::string("the emulated device could not be made: ") + error.what();
    }
  }
  return device;
}

/// A call with all it points to, so that it can be done later.
struct Job {
  KernelCall call;
  std::vector<View> views;
  std::vector<std::int64_t> numbers;      // dims and strides of all views
  std::vector<std::uint64_t> attributes;  // in words, so that it is aligned

  Job(const KernelCall& from, const SimDevice& device)
      : call(from), views(from.operands, from.operands + from.count), attributes((from.attributes_size + 7) / 8) {
    if (from.attributes_size > 0) std::memcpy(attributes.data(), from.attributes, from.attributes_size);
    std::size_t total = 0;
    for (const View& view : views)
      if (view.present()) total += 2 * static_cast<std::size_t>(view.rank);
    numbers.reserve(total);
    for (View& view : views) {
      if (!view.present()) continue;
      const std::int64_t* dims = numbers.data() + numbers.size();
      numbers.insert(numbers.end(), view.dims, view.dims + view.rank);
      const std::int64_t* strides = numbers.data() + numbers.size();
      numbers.insert(numbers.end(), view.strides, view.strides + view.rank);
      view.dims = dims;
      view.strides = strides;
      view.data = device.real(view.data);
    }
    call.operands = views.data();
    call.attributes = attributes.data();
  }
};

/// Runs `f(device)`, turning an exception into a status: none may cross the table.
template <class F>
Status on_device(std::int32_t index, F&& f) {
  SimDevice* device = device_at(index);
  if (!device) return Status::failed;
  try {
    return f(*device);
  } catch (const std::exception& error) {
    error_text = error.what();
    return Status::failed;
  }
}

std::int32_t device_count() { return device_limit; }
const char* device_name(std::int32_t) { return "emulated accelerator"; }

Status allocate(std::int32_t index, std::size_t size, void*, void** memory) {
  return on_device(
      index, [&](SimDevice& device) { return (*memory = device.allocate(size)) ? Status::ok : Status::out_of_memory; });
}
Status release(std::int32_t index, void* memory, std::size_t, void*) {
  return on_device(index, [&](SimDevice& device) { return device.release(memory), Status::ok; });
}
Status copy_in(std::int32_t index, void* to, const void* from, std::size_t size, void*) {
  return on_device(index, [&](SimDevice& device) {
    device.enqueue([&] { std::memcpy(device.real(to), from, size); });
    return device.wait();
  });
}
Status copy_out(std::int32_t index, void* to, const void* from, std::size_t size, void*) {
  return on_device(index, [&](SimDevice& device) {
    device.enqueue([&] { std::memcpy(to, device.real(from), size); });
    return device.wait();
  });
}
Status run(std::int32_t index, const KernelCall* call, void*) {
  if (!cpu_backend().supports(call->operation, call->dtype)) return Status::unsupported;
  return on_device(index, [&](SimDevice& device) {
    device.enqueue([&device, job = std::make_shared<const Job>(*call, device)] {
      if (cpu_backend().run(0, &job->call, nullptr) != Status::ok)
        device.fail(std::string(name(job->call.operation)) + ": " + cpu_backend().last_error());
    });
    return Status::ok;
  });
}
bool supports(Operation operation, DType dtype) { return cpu_backend().supports(operation, dtype); }

// All streams of a device are its one queue; an event is a place in it.
Status create_stream(std::int32_t, void** stream) {
  *stream = nullptr;
  return Status::ok;
}
Status destroy_stream(std::int32_t, void*) { return Status::ok; }
Status create_event(std::int32_t, void** event) {
  *event = new std::uint64_t(0);
  return Status::ok;
}
Status destroy_event(std::int32_t, void* event) {
  delete static_cast<std::uint64_t*>(event);
  return Status::ok;
}
Status record_event(std::int32_t index, void* event, void*) {
  return on_device(
      index, [&](SimDevice& device) { return *static_cast<std::uint64_t*>(event) = device.enqueued(), Status::ok; });
}
Status wait_event(std::int32_t index, void* event, void*) {
  return on_device(index, [&](SimDevice& device) { return device.wait(*static_cast<std::uint64_t*>(event)); });
}
Status memory_statistics(std::int32_t index, MemoryStatistics* statistics) {
  return on_device(index, [&](SimDevice& device) { return *statistics = device.memory(), Status::ok; });
}
Status limit_memory(std::int32_t index, std::size_t limit) {
  return on_device(index, [&](SimDevice& device) { return device.limit(limit), Status::ok; });
}
Status trim_memory(std::int32_t) { return Status::ok; }  // nothing is kept
Status reset_peak(std::int32_t index) {
  return on_device(index, [&](SimDevice& device) { return device.reset_peak(), Status::ok; });
}
Status synchronize(std::int32_t index, void*) {
  return on_device(index, [](SimDevice& device) { return device.wait(); });
}
const char* last_error() { return error_text.c_str(); }

constexpr Backend table{.version = Backend::current_version,
                        .type = Device::Type::sim,
                        .host_memory = false,
                        .has_numbers = true,
                        .device_count = device_count,
                        .why_none = nullptr,
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
                        .uniform = nullptr,
                        .last_error = last_error};

}  // namespace

const Backend& sim_backend() { return table; }

}  // namespace cairn
