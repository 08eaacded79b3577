// Readers of printed tensors and modules.
#include "tensor_texts.h"

#include <cmath>
#include <limits>
#include <regex>

#include <cairn/core/print.h>

#include "builders.h"

namespace golden {

using namespace cairn;

namespace {

/// A module that has children and nothing else, under any name.
class Container : public nn::Module {
 public:
  explicit Container(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }

 private:
  std::string name_;
};

/// Reads the numbers of a printed tensor and their nesting.
class TensorReader {
 public:
  explicit TensorReader(const std::string& text) : text_(text) {}

  Tensor read() {
    const bool is_parameter = skip("Parameter containing:");
    expect(skip("tensor("), "this is no tensor: ", text_);
    if (peek() == '[')
      list(0);
    else
      value();
    const DType dtype = options();
    const Shape shape{std::span<const std::int64_t>(lengths_)};
    Tensor made = from_data(std::span<const double>(values_), shape).to(dtype);
    if (requires_grad_) made.requires_grad_();
    return is_parameter ? nn::Parameter(made) : made;
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool skip(const std::string& wanted) {
    peek();
    if (text_.compare(at_, wanted.size(), wanted) != 0) return false;
    at_ += wanted.size();
    return true;
  }

  void value() {
    if (skip("True")) return values_.push_back(1), void(is_bool_ = true);
    if (skip("False")) return values_.push_back(0), void(is_bool_ = true);
    if (skip("nan")) return values_.push_back(std::numeric_limits<double>::quiet_NaN()), void(is_float_ = true);
    const std::size_t start = (peek(), at_);
    std::size_t used = 0;
    try {
      values_.push_back(std::stod(text_.substr(start), &used));
    } catch (const std::exception&) {
      throw Failure("the tensor is not understood: " + text_);
    }
    const std::string number = text_.substr(start, used);
    is_float_ = is_float_ || number.find_first_of(".einf") != number.npos;
    at_ += used;
  }

  void list(std::size_t depth) {
    expect(skip("["), "the tensor is not understood: ", text_);
    if (lengths_.size() <= depth) lengths_.push_back(0);
    std::int64_t length = 0;
    while (!skip("]")) {
      if (skip("...")) {
        length += leave_out();
      } else if (peek() == '[') {
        list(depth + 1);
        ++length;
      } else {
        value();
        ++length;
      }
      skip(",");
    }
    lengths_[depth] = std::max(lengths_[depth], length);
  }

  /// What stands in the middle of a summary: the numbers between its neighbours, counting up by one.
  std::int64_t leave_out() {
    skip(",");
    const double last = values_.back();
    value();
    const double next = values_.back();
    values_.pop_back();
    for (double each = last + 1; each < next; ++each) values_.push_back(each);
    values_.push_back(next);
    return static_cast<std::int64_t>(next - last);
  }

  DType options() {
    DType dtype = is_bool_ ? DType::boolean : is_float_ || values_.empty() ? DType::float32 : DType::int64;
    while (!skip(")")) {
      skip(",");
      std::smatch match;
      const std::string rest = text_.substr((peek(), at_));
      if (std::regex_search(rest, match, std::regex("^dtype=(torch\\.\\w+)")))
        dtype = dtype_from_name(match[1].str());
      else if (std::regex_search(rest, match, std::regex("^size=\\(([^)]*)\\)")))
        lengths_ = whole_numbers(match[1]);
      else if (std::regex_search(rest, match, std::regex("^requires_grad=True")))
        requires_grad_ = true;
      else
        throw Failure("the tensor is not understood: " + text_);
      at_ += static_cast<std::size_t>(match.length());
    }
    return dtype;
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::vector<double> values_;
  std::vector<std::int64_t> lengths_;  // the extents: of a rectangular list, its lengths by depth
  bool is_bool_ = false, is_float_ = false, requires_grad_ = false;
};

/// Reads "Name(arguments)" and "Name(\n  (child): ...\n)".
class ModuleReader {
 public:
  explicit ModuleReader(const std::string& text) : text_(text) {}

  std::shared_ptr<nn::Module> read() {
    auto made = module();
    expect(at_ == text_.size(), "the module is not understood: ", text_);
    return made;
  }

 private:
  void spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  std::shared_ptr<nn::Module> module() {
    const std::size_t bracket = text_.find('(', at_);
    expect(bracket != text_.npos, "the module is not understood: ", text_);
    const std::string name = text_.substr(at_, bracket - at_);
    at_ = bracket + 1;
    if (at_ < text_.size() && text_[at_] == '\n') return container(name);
    if (name == "Sequential") return ++at_, nn::make<nn::Sequential>();
    return leaf(name);
  }

  std::shared_ptr<nn::Module> container(const std::string& name) {
    std::shared_ptr<nn::Module> made = std::make_shared<Container>(name);
    if (name == "Sequential") made = nn::make<nn::Sequential>();
    for (spaces(); text_[at_] == '('; spaces()) {
      const std::size_t end = text_.find("): ", at_);
      const std::string child = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 3;
      if (text_.compare(at_, 4, "None") == 0)
        made->register_module(child, nullptr), at_ += 4;
      else
        made->register_module(child, module());
    }
    expect(text_[at_] == ')', "the module is not understood: ", text_);
    ++at_;
    return made;
  }

  /// "3, eps=1e-05, momentum=None": what has no name comes first.
  std::shared_ptr<nn::Module> leaf(const std::string& name) {
    int depth = 1;
    const std::size_t start = at_;
    for (; depth > 0 && at_ < text_.size(); ++at_) depth += text_[at_] == '(' ? 1 : text_[at_] == ')' ? -1 : 0;
    const std::string inside = text_.substr(start, at_ - start - 1);
    Json args = Json::object();
    const std::regex argument("(?:(\\w+)=)?(\\([^)]*\\)|[^,]+)(?:, )?");
    for (std::sregex_iterator match(inside.begin(), inside.end(), argument), end; match != end; ++match) {
      const std::string key = (*match)[1];
      args[key.empty() ? std::to_string(args.size()) : key] = from_python((*match)[2]);
    }
    return make_module(name, args);
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace

Tensor tensor_from(const std::string& text) { return TensorReader(text).read(); }

std::shared_ptr<nn::Module> module_from(const std::string& text) { return ModuleReader(text).read(); }

std::vector<std::int64_t> whole_numbers(const std::string& text) {
  std::vector<std::int64_t> numbers;
  const std::regex number("-?\\d+");
  for (std::sregex_iterator match(text.begin(), text.end(), number), end; match != end; ++match)
    numbers.push_back(std::stoll(match->str()));
  return numbers;
}

Json from_python(const std::string& text) {
  if (text == "None") return nullptr;
  if (text == "True" || text == "False") return text == "True";
  std::string json = text;
  for (char& letter : json) letter = letter == '(' ? '[' : letter == ')' ? ']' : letter == '\'' ? '"' : letter;
  try {
    return Json::parse(json);
  } catch (const std::exception&) {
    throw Failure("a value that is not understood: " + text);
  }
}

}  // namespace golden
