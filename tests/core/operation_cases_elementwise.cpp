// Functions of one number and of two, in place as well.
#include "operation_cases_families.h"

using namespace cairn;

namespace {

struct Unary {
  const char* name;
  Tensor (*function)(const Tensor&);
  const Tensor& (Tensor::*in_place)() const;  // null where there is none
  double low, high;                           // of a few numbers
  double awkward_low, awkward_high;
};
Tensor gelu_erf(const Tensor& x) { return gelu(x); }
Tensor gelu_tanh(const Tensor& x) { return gelu(x, GeluApproximate::tanh); }
Tensor leaky_relu_fifth(const Tensor& x) { return leaky_relu(x, 0.2); }

constexpr Unary unary[] = {{"neg", neg, &Tensor::neg_, -1.5, 1.5, -9, 9},
                           {"abs", abs, &Tensor::abs_, -1.5, 1.5, -9, 9},
                           {"exp", exp, &Tensor::exp_, -1.5, 1.5, -10, 10},
                           {"log", log, &Tensor::log_, 0.5, 2, 0.05, 50},
                           {"sqrt", sqrt, &Tensor::sqrt_, 0.5, 2, 0.05, 50},
                           {"rsqrt", rsqrt, &Tensor::rsqrt_, 0.5, 2, 0.05, 50},
                           {"tanh", tanh, &Tensor::tanh_, -1.5, 1.5, -1, 1},
                           {"sigmoid", sigmoid, &Tensor::sigmoid_, -1.5, 1.5, -10, 10},
                           {"erf", erf, &Tensor::erf_, -1.5, 1.5, -4, 4},
                           {"relu", relu, &Tensor::relu_, -1.5, 1.5, -9, 9},
                           {"gelu", gelu_erf, nullptr, -1.5, 1.5, -9, 9},
                           {"gelu_tanh", gelu_tanh, nullptr, -1.5, 1.5, -9, 9},
                           {"leaky_relu", leaky_relu_fifth, nullptr, -1.5, 1.5, -9, 9}};

struct Binary {
  const char* name;
  Tensor (*function)(const Tensor&, const Tensor&);
  const Tensor& (Tensor::*in_place)(const Tensor&) const;  // null where there is none
};
const Binary binary[] = {{"add", add, &Tensor::add_},  {"sub", sub, &Tensor::sub_}, {"mul", mul, &Tensor::mul_},
                         {"div", div, &Tensor::div_},  {"pow", pow, &Tensor::pow_}, {"maximum", maximum, nullptr},
                         {"minimum", minimum, nullptr}};

void add_small_cases(std::vector<Case>& small) {
  for (const Unary& one : unary) {
    const auto value = [f = one.function](const Inputs& in) { return f(in[0]); };
    for (const Shape& shape : {Shape{2, 3}, Shape{19}, Shape{}})
      small.push_back({text(one.name, " of ", bracketed(shape)), {shape}, value, one.low, one.high});
    if (!one.in_place) continue;
    const auto changed = [f = one.in_place](const Inputs& in) {
      const Tensor y = in[0] * 1;
      return (y.*f)();
    };
    small.push_back({text(one.name, " in place"), {{2, 3}}, changed, one.low, one.high});
  }
  for (const Binary& one : binary) {
    const auto value = [f = one.function](const Inputs& in) { return f(in[0], in[1]); };
    for (const std::vector<Shape>& shapes : {std::vector<Shape>{{2, 3}, {2, 3}}, {{4, 1}, {2, 1, 3}}, {{2, 3}, {}}})
      small.push_back(
          {text(one.name, " of ", bracketed(shapes[0]), " and ", bracketed(shapes[1])), shapes, value, 0.5, 2});
    if (!one.in_place) continue;
    const auto changed = [f = one.in_place](const Inputs& in) {
      const Tensor y = in[0] * 1;
      return (y.*f)(in[1]);
    };
    small.push_back({text(one.name, " in place"), {{2, 3}, {3}}, changed, 0.5, 2});
  }
  for (const double exponent : {2.0, 3.0, 0.5, -0.5, -1.0, -2.0, 2.5, 0.0, 1.0}) {
    small.push_back({text("pow, exponent ", exponent),
                     {{2, 3}},
                     [exponent](const Inputs& in) { return pow(in[0], exponent); },
                     0.5,
                     2});
    small.push_back({text("pow in place, exponent ", exponent),
                     {{2, 3}},
                     [exponent](const Inputs& in) {
                       const Tensor y = in[0] * 1;
                       return y.pow_(exponent);
                     },
                     0.5,
                     2});
  }
  add(small,
      {{"powers of negative numbers", {{2, 3}}, [](auto& in) { return pow(in[0], 2) + pow(in[0], 3) + pow(in[0], 4); }},
       {"pow, a number as base", {{2, 3}}, [](auto& in) { return pow(2.5, in[0]); }},
       {"leaky_relu in place",
        {{2, 3}},
        [](auto& in) {
          const Tensor y = in[0] * 1;
          return y.leaky_relu_(0.2);
        }},
       {"mul by itself", {{5}}, [](auto& in) { return in[0] * in[0]; }},
       {"numbers beside a tensor", {{3}}, [](auto& in) { return 2.0 - in[0] * 3 + 1 / (in[0] + 4); }},
       {"numbers in place",
        {{3}},
        [](auto& in) {
          const Tensor y = in[0] * 2;
          y.mul_(1.1);
          y.add_(0.3);
          y.div_(-3);
          return y.sub_(0.7);
        }},
       {"in place, one after the other", {{3}, {3}}, [](auto& in) {
          const Tensor y = in[0] * 2;
          y.mul_(in[1]);
          y.add_(in[0]);
          return y;
        }}});
}

void add_awkward_cases(std::vector<Case>& awkward) {
  for (const Unary& one : unary)
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{0, 3}, Shape{37, 129}, of_rank(10), of_rank(64)})
      awkward.push_back({text(one.name, " of ", bracketed(shape)),
                         {shape},
                         [f = one.function](const Inputs& in) { return f(in[0]); },
                         one.awkward_low,
                         one.awkward_high});
  const std::vector<std::vector<Shape>> pairs = {
      {{37, 129}, {37, 129}}, {{5, 1, 7}, {3, 1}},         {{4099}, {}},          {{}, {4099}},  {{129}, {37, 129}},
      {{37, 1}, {1, 129}},    {of_rank(10), {2, 1, 2, 1}}, {of_rank(64), {3, 1}}, {{0, 3}, {3}}, {{1}, {0}},
      {{9, 1, 63}, {13, 63}}};
  for (const Binary& one : binary)
    for (const std::vector<Shape>& shapes : pairs)
      awkward.push_back({text(one.name, " of ", bracketed(shapes[0]), " and ", bracketed(shapes[1])), shapes,
                         [f = one.function](const Inputs& in) { return f(in[0], in[1]); }, 0.3, 3});
  add(awkward, {{"in place", {{37, 129}, {129}}, [](auto& in) {
                   const Tensor y = in[0] * 2;
                   y.mul_(in[1]);
                   y.sub_(in[0]);
                   y.div_(in[1] + 4);
                   y.add_(0.5);
                   return y;
                 }}});
}

void add_whole_cases(std::vector<Case>& whole) {
  add(whole,
      {{"neg", {{37, 129}}, [](auto& in) { return neg(in[0]); }, -1e18, 1e18},
       {"abs", {{37, 129}}, [](auto& in) { return abs(in[0]); }, -1e18, 1e18},
       {"relu", {{37, 129}}, [](auto& in) { return relu(in[0]); }, -100, 100},
       {"add", {{37, 129}, {129}}, [](auto& in) { return in[0] + in[1]; }, -9e18, 9e18},
       {"sub", {{37, 1}, {37, 129}}, [](auto& in) { return in[0] - in[1]; }, -9e18, 9e18},
       {"mul, wrapping around", {{37, 129}, {}}, [](auto& in) { return in[0] * in[1]; }, -9e18, 9e18},
       {"div, in float32", {{37, 129}, {129}}, [](auto& in) { return in[0] / (in[1] * in[1] + 1); }, -100, 100},
       {"pow, of negative exponents as well", {{37, 129}, {129}}, [](auto& in) { return pow(in[0], in[1]); }, -6, 6},
       {"pow, wrapping around", {{37, 129}}, [](auto& in) { return pow(in[0], 13); }, -1e6, 1e6},
       {"pow, numbers as base",
        {{37, 129}},
        [](auto& in) { return pow(-3, abs(in[0])) + pow(2, abs(in[0])); },
        -70,
        70},
       {"maximum and minimum",
        {{37, 129}, {129}},
        [](auto& in) { return maximum(in[0], in[1]) - minimum(in[0], in[1]); },
        -9e18,
        9e18}});
}

}  // namespace

void add_elementwise_cases(Tables& tables) {
  add_small_cases(tables.small);
  add_awkward_cases(tables.awkward);
  add_whole_cases(tables.whole);
}
