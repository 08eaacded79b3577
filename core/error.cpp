// The text of errors. `what()` is the message and, on a line of its own, the hint.
#include <cairn/core/error.h>

#include <utility>

#include <cairn/core/python_text.h>

namespace cairn {
namespace {

std::string with_hint(const std::string& message, const std::string& hint) {
  return hint.empty() ? message : message + "\nHint: " + hint;
}

}  // namespace

Error::Error(std::string message, ErrorFields fields)
    : std::runtime_error(with_hint(message, fields.hint)), message_(std::move(message)), fields_(std::move(fields)) {}

Part::Part(double number) : text_(python_float(number)) {}

std::string concatenate(std::initializer_list<Part> parts) {
  std::size_t size = 0;
  for (const Part& part : parts) size += part.get().size();
  std::string whole;
  whole.reserve(size);
  for (const Part& part : parts) whole += part.get();
  return whole;
}

}  // namespace cairn
