// Operations on tensors, their results and gradients.
//
// A case says what was called as a short text, "sum(dim=[0,2],keepdim)" or "unsqueeze(squeeze(1),0)". A call without a
// tensor among its arguments is applied to the inputs of the case; `in0` names one of them.
#include <cctype>
#include <cmath>
#include <functional>

#include <cairn/core/ops.h>

#include "golden.h"

namespace golden {

using namespace cairn;

namespace {

/// The arguments of one call.
struct Call {
  std::string name;
  std::vector<Tensor> operands;
  std::vector<Shape> numbers;             // positional; a plain number is a list of one
  std::vector<double> reals;              // the plain ones, whole or not
  std::map<std::string, Shape> keywords;  // dim=1, dim=[0,2]; a flag is an empty list
  std::vector<std::string> texts;         // bfloat16

  std::int64_t number(std::size_t i) const {
    expect(i < numbers.size() && numbers[i].rank() == 1, name, " lacks its argument ", i);
    return numbers[i][0];
  }
  double real(std::size_t i) const {
    expect(i < reals.size(), name, " lacks its argument ", i);
    return reals[i];
  }
  Shape dims() const { return keywords.contains("dim") ? keywords.at("dim") : Shape{}; }
  int dim() const {
    expect(dims().rank() == 1, name, " lacks its dim");
    return static_cast<int>(dims()[0]);
  }
  const Tensor& x(std::size_t i = 0) const {
    expect(i < operands.size(), name, " lacks its operand ", i);
    return operands[i];
  }
};

using Function = std::function<Tensor(const Call&)>;

/// max(), or max(dim=1), of which the values are meant.
Tensor extreme(const Call& call, Tensor (*of_all)(const Tensor&), ValuesAndIndices (*over)(const Tensor&, int, bool)) {
  return call.dims().empty() ? of_all(call.x()) : over(call.x(), call.dim(), call.keywords.contains("keepdim")).values;
}

const std::map<std::string, Function>& functions() {
  static const std::map<std::string, Function> table = {
      {"add", [](const Call& c) { return add(c.x(), c.x(1)); }},
      {"sub", [](const Call& c) { return sub(c.x(), c.x(1)); }},
      {"mul", [](const Call& c) { return mul(c.x(), c.x(1)); }},
      {"div", [](const Call& c) { return div(c.x(), c.x(1)); }},
      {"neg", [](const Call& c) { return neg(c.x()); }},
      {"abs", [](const Call& c) { return cairn::abs(c.x()); }},
      {"exp", [](const Call& c) { return cairn::exp(c.x()); }},
      {"log", [](const Call& c) { return cairn::log(c.x()); }},
      {"sqrt", [](const Call& c) { return cairn::sqrt(c.x()); }},
      {"maximum", [](const Call& c) { return maximum(c.x(), c.x(1)); }},
      {"minimum", [](const Call& c) { return minimum(c.x(), c.x(1)); }},
      {"pow", [](const Call& c) { return pow(c.x(), c.real(0)); }},
      {"clamp", [](const Call& c) { return clamp(c.x(), c.real(0), c.real(1)); }},
      {"where", [](const Call& c) { return where(c.x(), c.x(1), c.x(2)); }},
      {"rsqrt", [](const Call& c) { return rsqrt(c.x()); }},
      {"tanh", [](const Call& c) { return cairn::tanh(c.x()); }},
      {"erf", [](const Call& c) { return cairn::erf(c.x()); }},
      {"relu", [](const Call& c) { return relu(c.x()); }},
      {"sigmoid", [](const Call& c) { return sigmoid(c.x()); }},
      {"matmul", [](const Call& c) { return matmul(c.x(), c.x(1)); }},
      {"sum", [](const Call& c) { return sum(c.x(), c.dims(), c.keywords.contains("keepdim")); }},
      {"mean", [](const Call& c) { return mean(c.x(), c.dims(), c.keywords.contains("keepdim")); }},
      {"argmax", [](const Call& c) { return argmax(c.x(), c.dim(), c.keywords.contains("keepdim")); }},
      {"argmin", [](const Call& c) { return argmin(c.x(), c.dim(), c.keywords.contains("keepdim")); }},
      {"max", [](const Call& c) { return extreme(c, max, max); }},
      {"min", [](const Call& c) { return extreme(c, min, min); }},
      {"var", [](const Call& c) { return cairn::var(c.x(), c.dims(), 1, c.keywords.contains("keepdim")); }},
      {"std", [](const Call& c) { return cairn::std(c.x(), c.dims(), 1, c.keywords.contains("keepdim")); }},
      {"norm2", [](const Call& c) { return norm(c.x(), 2, c.dims(), c.keywords.contains("keepdim")); }},
      {"logsumexp", [](const Call& c) { return logsumexp(c.x(), c.dims(), c.keywords.contains("keepdim")); }},
      {"softmax", [](const Call& c) { return softmax(c.x(), c.dim()); }},
      {"log_softmax", [](const Call& c) { return log_softmax(c.x(), c.dim()); }},
      {"cat", [](const Call& c) { return cat(c.operands, c.dim()); }},
      {"stack", [](const Call& c) { return stack(c.operands, c.dim()); }},
      {"gather", [](const Call& c) { return gather(c.x(), c.dim(), c.x(1)); }},
      {"index_select", [](const Call& c) { return index_select(c.x(), c.dim(), c.x(1)); }},
      {"transpose",
       [](const Call& c) {
         if (c.numbers.empty()) return c.x().t();
         return c.x().transpose(static_cast<int>(c.number(0)), static_cast<int>(c.number(1)));
       }},
      {"permute",
       [](const Call& c) {
         Shape dims;
         for (std::size_t i = 0; i < c.numbers.size(); ++i) dims.push_back(c.number(i));
         return c.x().permute(dims);
       }},
      {"reshape", [](const Call& c) { return c.x().reshape(c.numbers.at(0)); }},
      {"view", [](const Call& c) { return c.x().view(c.numbers.at(0)); }},
      {"expand", [](const Call& c) { return c.x().expand(c.numbers.at(0)); }},
      {"flatten", [](const Call& c) { return c.x().flatten(); }},
      {"squeeze", [](const Call& c) { return c.x().squeeze(static_cast<int>(c.number(0))); }},
      {"unsqueeze", [](const Call& c) { return c.x().unsqueeze(static_cast<int>(c.number(0))); }},
      {"select", [](const Call& c) { return c.x().select(c.dim(), c.keywords.at("index")[0]); }},
      {"narrow",
       [](const Call& c) { return c.x().narrow(c.dim(), c.keywords.at("start")[0], c.keywords.at("length")[0]); }},
      {"contiguous", [](const Call& c) { return c.x().contiguous(); }},
      {"to",
       [](const Call& c) {
         expect(c.texts.size() == 1, "to lacks its dtype");
         return c.x().to(dtype_from_name(c.texts[0]));
       }},
  };
  return table;
}

class Expression {
 public:
  Expression(const std::string& text, const std::vector<Tensor>& inputs) : text_(text), inputs_(inputs) {}

  Tensor value() {
    Tensor result = text_.starts_with("x[") ? sliced() : text_.starts_with("x*(") ? masked() : call(word());
    expect(at_ == text_.size(), "the operation is not understood: ", text_);
    return result;
  }

 private:
  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char letter) {
    if (peek() != letter) return false;
    ++at_;
    return true;
  }
  std::string word() {
    peek();
    const std::size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    expect(at_ > start, "the operation is not understood: ", text_);
    return text_.substr(start, at_ - start);
  }
  bool at_number() {
    const char letter = peek();
    return std::isdigit(static_cast<unsigned char>(letter)) || letter == '-';
  }
  double real() {
    std::size_t used = 0;
    const double value = std::stod(text_.substr(at_), &used);
    at_ += used;
    return value;
  }
  std::int64_t number() {
    const double value = real();
    expect(value == std::floor(value), "a number that is not whole in ", text_);
    return static_cast<std::int64_t>(value);
  }
  Shape numbers() {
    if (!take('[')) return {number()};
    Shape list;
    while (!take(']')) {
      list.push_back(number());
      take(',');
    }
    return list;
  }

  Tensor call(const std::string& name) {
    if (name.starts_with("in") && name.size() == 3) return inputs_.at(static_cast<std::size_t>(name[2] - '0'));
    expect(functions().contains(name), "there is no operation ", name);
    Call made;
    made.name = name;
    if (take('(')) {
      while (!take(')')) {
        argument(made);
        take(',');
      }
    }
    if (take('.')) expect(word() == "values", "only the values of ", name, " are known");
    if (made.operands.empty()) made.operands = inputs_;
    return functions().at(name)(made);
  }

  void argument(Call& call_made) {
    if (at_number()) {
      call_made.reals.push_back(real());
      return call_made.numbers.push_back({static_cast<std::int64_t>(call_made.reals.back())});
    }
    if (peek() == '[') return call_made.numbers.push_back(numbers());
    const std::string name = word();
    if (take('='))
      call_made.keywords[name] = numbers();
    else if (peek() == '(' || (name.starts_with("in") && name.size() == 3))
      call_made.operands.push_back(call(name));
    else if (name == "keepdim" || name == "unbiased")
      call_made.keywords[name] = {};
    else
      call_made.texts.push_back(name);
  }

  /// x*(x>0), and with other comparisons
  Tensor masked() {
    const Tensor& x = inputs_.at(0);
    at_ = 4;  // behind "x*(x"
    const char comparison = peek();
    at_ += 1;
    const bool or_equal = take('=');
    const double bound = real();
    expect(take(')') && (comparison == '<' || comparison == '>'), "the operation is not understood: ", text_);
    if (comparison == '>') return x * (or_equal ? x >= bound : x > bound);
    return x * (or_equal ? x <= bound : x < bound);
  }

  /// x[1:4, ::2]
  Tensor sliced() {
    Tensor result = inputs_.at(0);
    at_ = 2;
    for (int dim = 0; !take(']'); take(',')) {
      std::int64_t start = 0, end = result.size(dim), step = 1;
      if (at_number()) start = number();
      if (!take(':')) {
        result = result.select(dim, start);
        continue;
      }
      if (at_number()) end = number();
      if (take(':') && at_number()) step = number();
      result = result.slice(dim++, start, end, step);
    }
    return result;
  }

  const std::string& text_;
  const std::vector<Tensor>& inputs_;
  std::size_t at_ = 0;
};

}  // namespace

void run_operation(const Json& golden_case, const Numbers& numbers) {
  const std::string name = golden_case.at("case"), operation = golden_case.at("op");
  std::vector<Tensor> inputs;
  for (int i = 0; i < golden_case.at("inputs").get<int>(); ++i) {
    const std::string number = std::to_string(i);
    inputs.push_back(numbers.at(name, "in." + number).clone());
    if (numbers.find(name, "grad_in." + number)) inputs.back().requires_grad_();
  }
  const Tensor out = Expression(operation, inputs).value();
  const Tensor& expected = numbers.at(name, "out");
  expect(to_string(out.dtype()) == golden_case.at("out_dtype").get<std::string>(), "the result is ", out.dtype());
  compare("out", out, expected, numbers.tolerance(expected.dtype()));
  if (const Tensor* grad_out = numbers.find(name, "grad_out")) out.backward(*grad_out);
  for (const auto& [number, grad] : numbers.all(name, "grad_in.")) {
    compare("grad_in." + number, inputs.at(static_cast<std::size_t>(std::stoi(number))).grad(), grad,
            numbers.tolerance(grad.dtype()));
  }
}

}  // namespace golden
