// Tensors as text, by the rules of PyTorch's torch/_tensor_str.py.
//
//   tensor ──► the numbers shown, row by row in host memory ──► notation and width ──► lines and suffixes
//
// Above `threshold` elements only `edgeitems` at each edge of every dimension are shown, and only these are looked at,
// or brought from a device:
//
//   0  1  2  3  4  5  6                 0  1 |  5  6
//   7  8  9 10 11 12 13    edgeitems    7  8 | 12 13
//  14 15 16 17 18 19 20   ──────────►  ──────┼──────
//  21 22 23 24 25 26 27        2       21 22 | 26 27
//  28 29 30 31 32 33 34                28 29 | 33 34
//
// All of them choose one notation and one width (`Format`). Then a vector fills lines, a matrix has one row a line, and
// blocks of higher rank are parted by empty lines.
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

constexpr PrintOptions default_options = {4, 1000, 3, 80};

PrintOptions profile_named(std::string_view name) {
  if (name == "default") return default_options;
  if (name == "short") return {2, 1000, 2, 80};
  if (name == "full") return {4, std::numeric_limits<double>::infinity(), 3, 80};
  throw ValueError(text("print options: expected profile to be 'default', 'short' or 'full', found '", name, "'"));
}

/// `before`, changed as `options` say.
PrintOptions changed(const PrintOptions& before, const PrintOptions& options) {
  PrintOptions after = options.profile.empty() ? before : profile_named(options.profile);
  const auto change = [](const char* name, auto& option, const auto& given) {
    if (!given) return;
    check<ValueError>(*given >= 0, "print options: expected ", name, " to be 0 or more, found ", *given);
    option = given;
  };
  change("precision", after.precision, options.precision);
  change("threshold", after.threshold, options.threshold);
  change("edgeitems", after.edgeitems, options.edgeitems);
  change("linewidth", after.linewidth, options.linewidth);
  after.sci_mode = options.sci_mode;
  return after;
}

std::mutex options_mutex;
PrintOptions process_options = default_options;

std::string decimal(double value, std::chars_format notation, int precision) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string digits(static_cast<std::size_t>(precision) + 330, '\0');  // the largest double has 309 digits
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value, notation, precision).ptr;
  digits.resize(static_cast<std::size_t>(end - digits.data()));
  return digits;
}

/// Reads single elements of a contiguous tensor in host memory.
class ElementReader {
 public:
  explicit ElementReader(const Tensor& tensor)
      : memory_(static_cast<const char*>(tensor.raw_data())),
        count_(tensor.numel()),
        dtype_(tensor.dtype()),
        size_(size_of(tensor.dtype())) {}

  std::int64_t count() const { return count_; }

  bool is_floating() const { return category(dtype_) >= DTypeCategory::floating; }
  bool is_complex() const { return category(dtype_) == DTypeCategory::complex; }

  /// As a double: the real part, or with `imaginary` the other one.
  double number(std::int64_t i, bool imaginary) const {
    double result = 0;
    visit(dtype_, [&]<class T>() {
      const T value = read<T>(i);
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
  std::string integer(std::int64_t i) const {
    if (dtype_ == DType::boolean) return read<std::uint8_t>(i) ? "True" : "False";
    std::string result;
    visit(dtype_, [&]<class T>() {
      if constexpr (std::is_integral_v<T>) result = std::to_string(static_cast<std::int64_t>(read<T>(i)));
    });
    return result;
  }

 private:
  template <class T>
  T read(std::int64_t i) const {
    T value;
    std::memcpy(&value, memory_ + i * static_cast<std::int64_t>(size_), sizeof value);
    return value;
  }

  const char* memory_;
  std::int64_t count_;
  DType dtype_;
  std::size_t size_;
};

/// One notation and width for all numbers of a tensor (or for their real or imaginary parts).
class Format {
 public:
  Format(const ElementReader& elements, const PrintOptions& options, bool imaginary)
      : elements_(elements), precision_(*options.precision), imaginary_(imaginary) {
    if (elements.is_floating())
      choose_notation(options.sci_mode);
    else
      for (std::int64_t i = 0; i < elements.count(); ++i) widen(elements.integer(i));
  }

  std::size_t width() const { return width_; }

  std::string operator()(std::int64_t i) const {
    const std::string text = elements_.is_floating() ? spell(elements_.number(i, imaginary_)) : elements_.integer(i);
    return text.size() < width_ ? std::string(width_ - text.size(), ' ') + text : text;
  }

 private:
  /// Zeros and what is not finite have no say in this.
  template <class F>
  void for_each_that_counts(F&& f) const {
    for (std::int64_t i = 0; i < elements_.count(); ++i) {
      const double value = elements_.number(i, imaginary_);
      if (value != 0 && std::isfinite(value)) f(value);
    }
  }

  void choose_notation(std::optional<bool> scientific) {
    double smallest = std::numeric_limits<double>::infinity(), largest = 0;
    for_each_that_counts([&](double value) {
      smallest = std::min(smallest, std::abs(value));
      largest = std::max(largest, std::abs(value));
      whole_ = whole_ && value == std::ceil(value);
    });
    if (largest == 0) return;
    scientific_ = scientific.value_or(largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4);
    for_each_that_counts([&](double value) { widen(spell(value)); });
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

/// Copies what is shown of `from` into `to`, which has room for that: of a dimension that is cut, the two edges.
void copy_edges(const Tensor& from, const Tensor& to, int dim) {
  if (dim == from.dim()) {
    to.copy_(from);
  } else if (from.size(dim) == to.size(dim)) {
    copy_edges(from, to, dim + 1);
  } else {
    const std::int64_t edge = to.size(dim) / 2;
    copy_edges(from.narrow(dim, 0, edge), to.narrow(dim, 0, edge), dim + 1);
    copy_edges(from.narrow(dim, from.size(dim) - edge, edge), to.narrow(dim, edge, edge), dim + 1);
  }
}

/// The numbers of `tensor` that are shown, contiguous in host memory.
Tensor shown_part(const Tensor& tensor, const PrintOptions& options) {
  const NoGrad no_grad;
  Tensor shown = tensor;
  if (static_cast<double>(tensor.numel()) > *options.threshold) {
    Shape shape = tensor.shape();
    for (std::int64_t& extent : std::span(shape.data(), shape.size()))
      extent = std::min(extent, 2 * static_cast<std::int64_t>(*options.edgeitems));
    if (shape != tensor.shape()) {
      shown = empty(shape, {.dtype = tensor.dtype(), .device = tensor.device()});
      copy_edges(tensor, shown, 0);
    }
  }
  return shown.to(Device()).contiguous();
}

class TensorText {
 public:
  TensorText(const Tensor& tensor, const PrintOptions& options)
      : shape_(tensor.shape()),
        linewidth_(*options.linewidth),
        shown_(shown_part(tensor, options)),
        elements_(shown_),
        format_(elements_, options, false) {
    if (elements_.is_complex()) imaginary_format_.emplace(elements_, options, true);
  }

  std::string text(int indent) const { return block(0, 0, indent); }

 private:
  /// Calls `f(i)` for the blocks (or elements) shown along a dimension, and `gap()` where some are left out. Theirs are
  /// the numbers from `first` on.
  template <class F, class Gap>
  void for_each_shown(int dim, std::int64_t first, F&& f, Gap&& gap) const {
    std::int64_t stride = 1;
    for (int inner = dim + 1; inner < shape_.rank(); ++inner) stride *= shown_.size(inner);
    const std::int64_t size = shown_.size(dim), cut = size < shape_[dim] ? size / 2 : -1;
    for (std::int64_t i = 0; i < size; ++i) {
      if (i == cut) gap();
      f(first + i * stride);
    }
    if (size == cut) gap();  // nothing but the gap is shown
  }

  std::string element(std::int64_t i) const {
    std::string text = format_(i);
    if (!imaginary_format_) return text;
    std::string imaginary = (*imaginary_format_)(i) + "j";
    imaginary.erase(0, imaginary.find_first_not_of(' '));
    const bool has_sign = imaginary[0] == '+' || imaginary[0] == '-';
    return text + (has_sign ? "" : "+") + imaginary;
  }

  std::string block(int dim, std::int64_t first, int indent) const {
    if (dim == shape_.rank()) return element(first);
    if (dim == shape_.rank() - 1) return vector(first, indent);
    const std::string separator = "," + std::string(static_cast<std::size_t>(shape_.rank() - dim - 1), '\n') +
                                  std::string(static_cast<std::size_t>(indent) + 1, ' ');
    std::string out = "[";
    const auto add = [&](const std::string& part) { (out += out.size() > 1 ? separator : "") += part; };
    for_each_shown(
        dim, first, [&](std::int64_t i) { add(block(dim + 1, i, indent + 1)); }, [&] { add("..."); });
    return out + "]";
  }

  std::string vector(std::int64_t first, int indent) const {
    const std::size_t length = format_.width() + 2 + (imaginary_format_ ? imaginary_format_->width() + 1 : 0);
    const int room = std::max(0, linewidth_ - indent);
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
        shape_.rank() - 1, first, [&](std::int64_t i) { add(element(i)); },
        [&] { add(shown_.numel() > 0 ? " ..." : "..."); });
    return out + "]";
  }

  Shape shape_;
  int linewidth_;
  Tensor shown_;
  ElementReader elements_;
  Format format_;
  std::optional<Format> imaginary_format_;
};

std::string tuple_text(const Shape& shape) {
  std::string inside = bracketed(shape);
  inside = inside.substr(1, inside.size() - 2);
  return "(" + inside + (shape.rank() == 1 ? ",)" : ")");
}

/// Empty for a leaf. A view may be in a state in which asking is an error: that is no reason not to print it.
std::string grad_fn_text(const Tensor& tensor) {
  try {
    const Node* const node = tensor.grad_fn();
    return node ? grad_fn_name(*node) : "";
  } catch (const AutogradError&) {
    return "Invalid";
  }
}

/// What follows the numbers, in PyTorch's order.
std::vector<std::string> suffixes(const Tensor& tensor, bool has_numbers, const PrintOptions& options) {
  const DType dtype = tensor.dtype();
  const Device device = tensor.device();
  std::vector<std::string> all;
  if (!device.is_cpu()) {
    const Device whole = device.is_meta() ? device : Device(device.type(), device.index());
    all.push_back("device='" + to_string(whole) + "'");
  }
  const bool is_empty = tensor.numel() == 0;
  const bool shows_shape = is_empty ? tensor.dim() == 1 : *options.edgeitems > 0;
  if (!has_numbers || !shows_shape) all.push_back("size=" + tuple_text(tensor.shape()));
  const bool is_plain =
      dtype == DType::float32 ||
      (has_numbers && !is_empty && (dtype == DType::int64 || dtype == DType::boolean || dtype == DType::complex64));
  if (!is_plain) all.push_back("dtype=" + to_string(dtype));
  if (const std::string grad_fn = grad_fn_text(tensor); !grad_fn.empty())
    all.push_back("grad_fn=<" + grad_fn + ">");
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
  else
    out += TensorText(tensor, options).text(indent);
  // The sum starts one beyond the length of the last line, as PyTorch's does.
  const std::size_t line = out.rfind('\n');
  std::size_t length = line == std::string::npos ? out.size() + 2 : out.size() - line + 1;
  for (const std::string& suffix : suffixes(tensor, has_numbers, options)) {
    if (length + suffix.size() + 2 > static_cast<std::size_t>(*options.linewidth)) {
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

PrintOptions get_printoptions() {
  const std::lock_guard lock(options_mutex);
  return process_options;
}

void set_printoptions(const PrintOptions& options) {
  const std::lock_guard lock(options_mutex);
  process_options = changed(process_options, options);
}

std::string to_string(const Tensor& tensor) { return to_string(tensor, get_printoptions()); }

std::string to_string(const Tensor& tensor, const PrintOptions& options, int indent) {
  if (!tensor.defined()) return "tensor(undefined)";
  std::string whole =
      (is_parameter(tensor) ? "Parameter containing:\n" : "") + whole_text(tensor, changed(default_options, options));
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
