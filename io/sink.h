// Where a container's bytes are written to, in order, from first to last: a pipe, memory, a stream, a function of
// yours.
//
// For files there is `io::save`, which replaces them at once; a sink takes what comes, and what it took before an error
// is no container.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>

namespace cairn::io {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;  ///< All of them, or an exception.
  /// The same of bytes that lie in several places, in their order.
  virtual void write_parts(std::span<const std::span<const std::byte>> parts) {
    for (const auto part : parts) write(part);
  }
  virtual void flush() {}  ///< After the last byte.

  /// Whether `write` may be called by threads other than the one that saves (never two at once): then chunks are packed
  /// while others are written.
  virtual bool may_be_written_by_any_thread() const { return false; }
};

std::unique_ptr<Sink> function_sink(std::function<void(std::span<const std::byte> bytes)> write,
                                    std::function<void()> flush = {});

/// The stream must outlive the sink. Throws IoError when the stream fails.
std::unique_ptr<Sink> stream_sink(std::ostream& stream);

/// A pipe, a socket, a device: whatever can be written to. The descriptor stays the caller's. Throws IoError.
std::unique_ptr<Sink> descriptor_sink(int descriptor);

}  // namespace cairn::io
