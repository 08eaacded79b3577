// Tensors as text, by the rules of PyTorch's torch/_tensor_str.py.
//
// First all numbers that will be shown are looked at, to choose a notation and one width for all (`Format`); then they
// are laid out: a vector fills lines, a matrix has one row a line, blocks of higher rank are parted by empty lines.
// Above `threshold` elements only `edgeitems` at each edge of every dimension are shown.
#include <cairn/core/print.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <ostream>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/tensor_impl.h>

namespace cairn {
namespace {

std::mutex options_mutex;
PrintOptions process_options;

std::string decimal(double value, std::chars_format notation, int precision) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string digits(static_cast<std::size_t>(precision) + 330, '\0');  // the largest double has 309 digits
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value, notation, precision).ptr;
  digits.resize(static_cast<std::size_t>(end - digits.data()));
  return digits;
}

/// Reads single elements of a tensor in host memory.
class ElementReader {
 public:
  explicit ElementReader(const Tensor& tensor)
      : memory_(static_cast<const char*>(tensor.raw_data())), dtype_(tensor.dtype()), size_(size_of(tensor.dtype())) {}

  bool is_floating() const { return category(dtype_) >= DTypeCategory::floating; }
  bool is_complex() const { return category(dtype_) == DTypeCategory::complex; }

  /// As a double: the real part, or with `imaginary` the other one.
  double number(std::int64_t offset, bool imaginary) const {
    double result = 0;
    visit(dtype_, [&]<class T>() {
      const T value = read<T>(offset);
      if constexpr (Element<T>::category == DTypeCategory::complex)
        result = imaginary ? value.imag() : value.real();
      else if constexpr (std::is_arithmetic_v<T>)
        result = static_cast<double>(value);
      else
        result = static_cast<float>(value);
    });
    return result;
  }

  /// Of an integer or bool tensor.
  std::string integer(std::int64_t offset) const {
    if (dtype_ == DType::boolean) return read<std::uint8_t>(offset) ? "True" : "False";
    std::string result;
    visit(dtype_, [&]<class T>() {
      if constexpr (std::is_integral_v<T>) result = std::to_string(static_cast<std::int64_t>(read<T>(offset)));
    });
    return result;
  }

 private:
  template <class T>
  T read(std::int64_t offset) const {
    T value;
    std::memcpy(&value, memory_ + offset * static_cast<std::int64_t>(size_), sizeof value);
    return value;
  }

  const char* memory_;
  DType dtype_;
  std::size_t size_;
};

/// One notation and width for all numbers of a tensor (or for their real or imaginary parts).
class Format {
 public:
  Format(const ElementReader& elements, const std::vector<std::int64_t>& shown, int precision, bool imaginary)
      : elements_(elements), precision_(precision), imaginary_(imaginary) {
    if (elements.is_floating())
      choose_notation(shown);
    else
      for (std::int64_t offset : shown) widen(elements.integer(offset));
  }

  std::size_t width() const { return width_; }

  std::string operator()(std::int64_t offset) const {
    std::string text =
        elements_.is_floating() ? spell(elements_.number(offset, imaginary_)) : elements_.integer(offset);
    return text.size() < width_ ? std::string(width_ - text.size(), ' ') + text : text;
  }

 private:
  /// Zeros and what is not finite have no say in this.
  void choose_notation(const std::vector<std::int64_t>& shown) {
    double smallest = std::numeric_limits<double>::infinity(), largest = 0;
    for (std::int64_t offset : shown) {
      const double value = elements_.number(offset, imaginary_);
      if (value == 0 || !std::isfinite(value)) continue;
      smallest = std::min(smallest, std::abs(value));
      largest = std::max(largest, std::abs(value));
      whole_ = whole_ && value == std::ceil(value);
    }
    if (largest == 0) return;
    scientific_ = largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4;
    for (std::int64_t offset : shown) {
      const double value = elements_.number(offset, imaginary_);
      if (value != 0 && std::isfinite(value)) widen(spell(value));
    }
  }

  std::string spell(double value) const {
    if (scientific_) return decimal(value, std::chars_format::scientific, precision_);
    if (!whole_) return decimal(value, std::chars_format::fixed, precision_);
    return decimal(value, std::chars_format::fixed, 0) + (std::isfinite(value) ? "." : "");
  }

  void widen(const std::string& text) { width_ = std::max(width_, text.size()); }

  const ElementReader& elements_;
  int precision_;
  bool imaginary_;
  bool whole_ = true, scientific_ = false;
  std::size_t width_ = 1;
};

class TensorText {
 public:
  TensorText(const Tensor& tensor, const PrintOptions& options)
      : shape_(tensor.shape()),
        strides_(tensor.strides()),
        options_(options),
        summarize_(tensor.numel() > options.threshold),
        elements_(tensor),
        shown_(offsets_shown()),
        format_(elements_, shown_, options.precision, false),
        imaginary_format_(elements_, elements_.is_complex() ? shown_ : std::vector<std::int64_t>(), options.precision,
                          true) {}

  std::string text(int indent) const { return block(0, 0, indent); }

 private:
  bool is_cut(int dim) const { return summarize_ && shape_[dim] > 2 * static_cast<std::int64_t>(options_.edgeitems); }

  /// Calls `f(index)` for the indices of a dimension that are shown, and `gap()` where some are left out.
  template <class F, class Gap>
  void for_each_shown(int dim, F&& f, Gap&& gap) const {
    const std::int64_t size = shape_[dim], edge = is_cut(dim) ? options_.edgeitems : size;
    for (std::int64_t i = 0; i < edge; ++i) f(i);
    if (!is_cut(dim)) return;
    gap();
    for (std::int64_t i = size - edge; i < size; ++i) f(i);
  }

  std::vector<std::int64_t> offsets_shown() const {
    std::vector<std::int64_t> offsets = {0};
    for (int dim = 0; dim < shape_.rank(); ++dim) {
      std::vector<std::int64_t> finer;
      for (std::int64_t offset : offsets) {
        for_each_shown(
            dim, [&](std::int64_t i) { finer.push_back(offset + i * strides_[dim]); }, [] {});
      }
      offsets.swap(finer);
    }
    return offsets;
  }

  std::string element(std::int64_t offset) const {
    std::string text = format_(offset);
    if (!elements_.is_complex()) return text;
    std::string imaginary = imaginary_format_(offset) + "j";
    imaginary.erase(0, imaginary.find_first_not_of(' '));
    const bool has_sign = imaginary[0] == '+' || imaginary[0] == '-';
    return text + (has_sign ? "" : "+") + imaginary;
  }

  std::string block(int dim, std::int64_t offset, int indent) const {
    if (dim == shape_.rank()) return element(offset);
    if (dim == shape_.rank() - 1) return vector(offset, indent);
    const std::string separator = "," + std::string(static_cast<std::size_t>(shape_.rank() - dim - 1), '\n') +
                                  std::string(static_cast<std::size_t>(indent) + 1, ' ');
    std::string out = "[";
    const auto add = [&](const std::string& part) { (out += out.size() > 1 ? separator : "") += part; };
    for_each_shown(
        dim, [&](std::int64_t i) { add(block(dim + 1, offset + i * strides_[dim], indent + 1)); }, [&] { add("..."); });
    return out + "]";
  }

  std::string vector(std::int64_t offset, int indent) const {
    const int dim = shape_.rank() - 1;
    const std::size_t length = format_.width() + 2 + (elements_.is_complex() ? imaginary_format_.width() + 1 : 0);
    const int room = std::max(0, options_.linewidth - indent);
    const std::size_t per_line = std::max<std::size_t>(1, static_cast<std::size_t>(room) / length);
    std::string out = "[";
    std::size_t count = 0;
    const auto add = [&](const std::string& part) {
      if (count > 0)
        out += count % per_line == 0 ? ",\n" + std::string(static_cast<std::size_t>(indent) + 1, ' ') : ", ";
      out += part;
      ++count;
    };
    for_each_shown(
        dim, [&](std::int64_t i) { add(element(offset + i * strides_[dim])); },
        [&] { add(options_.edgeitems > 0 ? " ..." : "..."); });
    return out + "]";
  }

  Shape shape_, strides_;
  PrintOptions options_;
  bool summarize_;
  ElementReader elements_;
  std::vector<std::int64_t> shown_;
  Format format_, imaginary_format_;
};

std::string tuple_text(const Shape& shape) {
  std::string inside = bracketed(shape);
  inside = inside.substr(1, inside.size() - 2);
  return "(" + inside + (shape.rank() == 1 ? ",)" : ")");
}

/// What follows the numbers, in PyTorch's order.
std::vector<std::string> suffixes(const Tensor& tensor, bool has_numbers) {
  const DType dtype = tensor.dtype();
  const Device device = tensor.device();
  std::vector<std::string> all;
  if (!device.is_cpu()) {
    const Device whole = device.is_meta() ? device : Device(device.type(), device.index());
    all.push_back("device='" + to_string(whole) + "'");
  }
  const bool is_empty = tensor.numel() == 0;
  if (!has_numbers || (is_empty && tensor.dim() != 1)) all.push_back("size=" + tuple_text(tensor.shape()));
  const bool is_plain =
      dtype == DType::float32 ||
      (has_numbers && !is_empty && (dtype == DType::int64 || dtype == DType::boolean || dtype == DType::complex64));
  if (!is_plain) all.push_back("dtype=" + to_string(dtype));
  if (tensor.grad_fn())
    all.push_back("grad_fn=<" + grad_fn_name(*tensor.grad_fn()) + ">");
  else if (tensor.requires_grad())
    all.push_back("requires_grad=True");
  return all;
}

std::string whole_text(const Tensor& tensor, const PrintOptions& options) {
  constexpr int indent = 7;  // behind "tensor("
  std::string out = "tensor(";
  const bool has_numbers = !tensor.is_deferred() && !tensor.device().is_meta();
  if (!has_numbers)
    out += "...";
  else if (tensor.numel() == 0)
    out += "[]";
  else {
    const NoGrad no_grad;
    const Tensor here = tensor.device().is_cpu() ? tensor : tensor.detach().to(Device());
    out += TensorText(here, options).text(indent);
  }
  // The sum starts one beyond the length of the last line, as PyTorch's does.
  const std::size_t line = out.rfind('\n');
  std::size_t length = line == std::string::npos ? out.size() + 2 : out.size() - line + 1;
  for (const std::string& suffix : suffixes(tensor, has_numbers)) {
    if (length + suffix.size() + 2 > static_cast<std::size_t>(options.linewidth)) {
      out += ",\n" + std::string(indent, ' ') + suffix;
      length = indent + suffix.size();
    } else {
      out += ", " + suffix;
      length += suffix.size() + 2;
    }
  }
  return out + ")";
}

}  // namespace

PrintOptions print_options() {
  const std::lock_guard lock(options_mutex);
  return process_options;
}

void set_print_options(const PrintOptions& options) {
  check<ValueError>(
      options.precision >= 0 && options.threshold >= 0 && options.edgeitems >= 0 && options.linewidth > 0,
      "set_print_options: precision, threshold and edgeitems must not be negative, and linewidth must be positive");
  const std::lock_guard lock(options_mutex);
  process_options = options;
}

std::string to_string(const Tensor& tensor) { return to_string(tensor, print_options()); }

std::string to_string(const Tensor& tensor, const PrintOptions& options, int indent) {
  if (!tensor.defined()) return "tensor(undefined)";
  std::string whole = (is_parameter(tensor) ? "Parameter containing:\n" : "") + whole_text(tensor, options);
  if (indent <= 0) return whole;
  std::string out;
  for (char c : whole) {
    out += c;
    if (c == '\n') out.append(static_cast<std::size_t>(indent), ' ');
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << to_string(tensor); }
std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << to_string(shape); }
std::ostream& operator<<(std::ostream& out, Device device) { return out << to_string(device); }
std::ostream& operator<<(std::ostream& out, DType dtype) { return out << to_string(dtype); }

}  // namespace cairn
