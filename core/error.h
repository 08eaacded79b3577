// What Cairn throws, and how its messages are built.
//
// One family, with `Error` at its root. `message()` is the text alone: PyTorch's, letter for letter, where PyTorch has
// one for the same mistake; elsewhere *where: what was found, what was expected; the way out*. `what()` is the message
// and, below it, a hint where there is something to add. The fields say the same in parts, for programs that want to
// react.
//
//   throw FormatError(text("byte ", 8, ": the index takes ", size, " bytes, but may take ", limit), {.file = path,
//   .offset = 8});
//
// Messages are built from `Part`s without templates or streams, so that no user of this header pays for <sstream>.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace cairn {

/// What an error is about, in parts. Every field may be empty.
struct ErrorFields {
  std::string file = {};                     ///< The path, or what stands for one ("memory").
  std::optional<std::uint64_t> offset = {};  ///< Where in the file, in bytes from its start.
  std::string section = {};                  ///< Which part of the file: "header", "index", "chunk", "commit record".
  std::string tensor = {};                   ///< The name of the tensor concerned.
  std::string expected = {};
  std::string found = {};
  std::string hint = {};  ///< The way out; `what()` ends with it.
};

/// The base of everything Cairn throws. Catch a subclass to handle one kind; catch this to report any.
class Error : public std::runtime_error {
 public:
  explicit Error(std::string message, ErrorFields fields = {});

  /// The text without the hint: PyTorch's own where it has one.
  const std::string& message() const noexcept { return message_; }
  const ErrorFields& fields() const noexcept { return fields_; }

 private:
  std::string message_;
  ErrorFields fields_;
};

struct ValueError : Error {
  using Error::Error;
};  ///< An argument whose value makes no sense.
struct TypeError : Error {
  using Error::Error;
};  ///< A Value of another kind than was asked for.
struct KeyError : Error {
  using Error::Error;
};  ///< A key that is not there.
struct IndexError : Error {
  using Error::Error;
};  ///< An index or dimension out of range.
struct ShapeError : Error {
  using Error::Error;
};  ///< Shapes that do not fit the operation.
struct DTypeError : Error {
  using Error::Error;
};  ///< An element type the operation does not take.
struct DeviceError : Error {
  using Error::Error;
};  ///< Tensors on different devices, or a device that is absent or failed.
struct AutogradError : Error {
  using Error::Error;
};  ///< A gradient that cannot be computed.
struct StateDictError : Error {
  using Error::Error;
};  ///< A state that does not fit the module, optimizer or generator.
struct FormatError : Error {
  using Error::Error;
};  ///< A file that is damaged, cut short, or of another format.
struct IoError : Error {
  using Error::Error;
};  ///< The operating system refused to read or write.
struct Cancelled : Error {
  using Error::Error;
};  ///< The caller's progress function asked to stop.

/// One piece of a message: a text, a number, or anything with a `to_string` that argument-dependent lookup finds.
class Part {
 public:
  Part(std::string_view text) : text_(text) {}
  Part(const char* text) : text_(text) {}
  Part(const std::string& text) : text_(text) {}
  Part(char letter) : text_(1, letter) {}
  template <class T>
  requires std::is_integral_v<T> Part(T number) : text_(std::to_string(number)) {}
  Part(double number);
  template <class T>
  requires(!std::is_arithmetic_v<T> && !std::is_convertible_v<T, std::string_view>) &&  // char* is text, not a Device
      requires(const T& value) {
    { to_string(value) } -> std::convertible_to<std::string>;
  }
  Part(const T& value) : text_(to_string(value)) {}

  const std::string& get() const { return text_; }

 private:
  std::string text_;
};

/// The parts, one after another.
std::string concatenate(std::initializer_list<Part> parts);

template <class... Parts>
std::string text(const Parts&... parts) {
  return concatenate({Part(parts)...});
}

/// Throws `E` unless `ok`. The message is built only when it is needed.
///
///   check<ShapeError>(a.dim() == 2, "mm: self must be a matrix");
template <class E, class... Parts>
inline void check(bool ok, const Parts&... parts) {
  if (ok) [[likely]]
    return;
  throw E(text(parts...));
}

}  // namespace cairn
