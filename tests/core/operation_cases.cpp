// The tables, and the inputs of their cases.
#include "operation_cases.h"

using namespace cairn;

namespace {

using Inputs = std::vector<Tensor>;

/// Numbers of an input's dtype, beside it.
Tensor beside(const Tensor& x, std::initializer_list<double> values) {
  return tensor(values).to(x.dtype()).to(x.device());
}

/// Classes for the rows of x [rows, classes].
Tensor targets(const Tensor& x) {
  if (x.size(0) == 4) return tensor<std::int64_t>({2, 0, 1, 1}).to(x.device());
  const Tensor made = zeros({x.size(0)}, {.dtype = DType::int64});
  for (std::int64_t i = 0; i < x.size(0); ++i) made.data<std::int64_t>()[i] = i * 7 % x.size(1);
  return made.to(x.device());
}

Tensor batch_norm_of(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}) {
  return batch_norm(x, {}, {}, weight, bias, true, 0.1, 1e-5);
}

/// With the running statistics as they are afterwards added to the result, so that they are compared as well.
Tensor batch_norm_with_statistics(const Tensor& x, bool training) {
  const Shape channels{x.size(1)};
  const Tensor mean = full(channels, 0.25, {.dtype = x.dtype(), .device = x.device()});
  const Tensor variance = full(channels, 1.5, {.dtype = x.dtype(), .device = x.device()});
  const Tensor y = batch_norm(x, mean, variance, {}, {}, training, 0.3, 1e-5);
  const NoGrad no_grad;
  Shape along{x.size(1)};
  for (int i = 2; i < x.dim(); ++i) along.push_back(1);
  return y + mean.view(along) + variance.view(along) * 3;
}

/// A shape of so many dimensions, few of them longer than 1, so that they cannot be joined when spread.
Shape of_rank(int rank) {
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(i % (rank / 5) == 0 ? 2 : i == rank - 2 ? 3 : 1);
  return shape;
}

}  // namespace

const std::vector<Case>& small_cases() {
  static const std::vector<Case> all = {
      {"neg", {{2, 3}}, [](auto& in) { return neg(in[0]); }},
      {"abs", {{2, 3}}, [](auto& in) { return abs(in[0]); }},
      {"exp", {{2, 3}}, [](auto& in) { return exp(in[0]); }},
      {"log", {{2, 3}}, [](auto& in) { return log(in[0]); }, 0.5, 2},
      {"sqrt", {{2, 3}}, [](auto& in) { return sqrt(in[0]); }, 0.5, 2},
      {"relu", {{2, 3}}, [](auto& in) { return relu(in[0]); }},
      {"sigmoid", {{19}}, [](auto& in) { return sigmoid(in[0]); }},
      {"sigmoid of a scalar", {{}}, [](auto& in) { return sigmoid(in[0]); }},
      {"add", {{2, 3}, {2, 3}}, [](auto& in) { return in[0] + in[1]; }},
      {"add, broadcast", {{4, 1}, {2, 1, 3}}, [](auto& in) { return in[0] + in[1]; }},
      {"sub, broadcast", {{3}, {2, 3}}, [](auto& in) { return in[0] - in[1]; }},
      {"mul, broadcast", {{2, 3}, {}}, [](auto& in) { return in[0] * in[1]; }},
      {"mul by itself", {{5}}, [](auto& in) { return in[0] * in[0]; }},
      {"div, broadcast", {{2, 3}, {2, 1}}, [](auto& in) { return in[0] / in[1]; }, 0.5, 2},
      {"numbers beside a tensor", {{3}}, [](auto& in) { return 2.0 - in[0] * 3 + 1 / (in[0] + 4); }},
      {"sum", {{2, 3, 2}}, [](auto& in) { return sum(in[0]); }},
      {"sum over two",
       {{2, 3, 2}},
       [](auto& in) {
         return sum(in[0], Shape{0, -1}, true);
       }},
      {"mean", {{2, 3}}, [](auto& in) { return mean(in[0]); }},
      {"mean over one", {{2, 3}}, [](auto& in) { return mean(in[0], Shape{1}); }},
      {"matmul", {{3, 4}, {4, 2}}, [](auto& in) { return matmul(in[0], in[1]); }},
      {"matmul of vectors", {{4}, {4}}, [](auto& in) { return matmul(in[0], in[1]); }},
      {"matrix by vector", {{3, 4}, {4}}, [](auto& in) { return matmul(in[0], in[1]); }},
      {"vector by matrix", {{4}, {4, 2}}, [](auto& in) { return matmul(in[0], in[1]); }},
      {"matmul, batches broadcast", {{2, 1, 3, 4}, {2, 4, 2}}, [](auto& in) { return matmul(in[0], in[1]); }},
      {"matmul of transposes", {{4, 3}, {2, 4}}, [](auto& in) { return matmul(in[0].t(), in[1].t()); }},
      {"linear", {{4, 3}, {5, 3}, {5}}, [](auto& in) { return linear(in[0], in[1], in[2]); }},
      {"linear without bias", {{2, 2, 3}, {5, 3}}, [](auto& in) { return linear(in[0], in[1]); }},
      {"linear of a vector", {{3}, {5, 3}, {5}}, [](auto& in) { return linear(in[0], in[1], in[2]); }},
      {"softmax", {{3, 5}}, [](auto& in) { return softmax(in[0], 1); }},
      {"softmax down columns", {{3, 19}}, [](auto& in) { return softmax(in[0], 0); }},
      {"softmax in the middle", {{2, 3, 4}}, [](auto& in) { return softmax(in[0], -2); }},
      {"softmax of a scalar", {{}}, [](auto& in) { return softmax(in[0], 0); }},
      {"log_softmax", {{3, 5}}, [](auto& in) { return log_softmax(in[0], -1); }},
      {"log_softmax down columns", {{3, 19}}, [](auto& in) { return log_softmax(in[0], 0); }},
      {"log_softmax in the middle", {{2, 3, 4}}, [](auto& in) { return log_softmax(in[0], 1); }},
      {"log_softmax of a scalar", {{}}, [](auto& in) { return log_softmax(in[0], -1); }},
      {"softmax of no elements", {{0, 3}}, [](auto& in) { return softmax(in[0], 0) + log_softmax(in[0], 1); }},
      {"cross_entropy", {{4, 3}}, [](auto& in) { return cross_entropy(in[0], targets(in[0])); }},
      {"cross_entropy, summed",
       {{4, 3}},
       [](auto& in) { return cross_entropy(in[0], targets(in[0]), {.reduction = Reduction::sum}); }},
      {"cross_entropy of each",
       {{4, 3}},
       [](auto& in) { return cross_entropy(in[0], targets(in[0]), {.reduction = Reduction::none}); }},
      {"cross_entropy with everything",
       {{4, 3}},
       [](auto& in) {
         return cross_entropy(in[0], targets(in[0]),
                              {.weight = beside(in[0], {0.5, 2.0, 1.5}), .ignore_index = 0, .label_smoothing = 0.2});
       }},
      {"mse_loss", {{2, 3}, {2, 3}}, [](auto& in) { return mse_loss(in[0], in[1]); }},
      {"mse_loss of each, broadcast", {{2, 3}, {3}}, [](auto& in) { return mse_loss(in[0], in[1], Reduction::none); }},
      {"mse_loss, summed", {{2, 3}, {2, 3}}, [](auto& in) { return mse_loss(in[0], in[1], Reduction::sum); }},
      {"batch_norm in training", {{4, 3}, {3}, {3}}, [](auto& in) { return batch_norm_of(in[0], in[1], in[2]); }},
      {"batch_norm of planes", {{2, 3, 2, 2}, {3}, {3}}, [](auto& in) { return batch_norm_of(in[0], in[1], in[2]); }},
      {"batch_norm, evaluating",
       {{4, 3}, {3}, {3}},
       [](auto& in) {
         const Tensor mean = beside(in[0], {0.1, -0.2, 0.3}), variance = beside(in[0], {0.5, 1.5, 1.0});
         return batch_norm(in[0], mean, variance, in[1], in[2], false, 0.1, 1e-5);
       }},
      {"batch_norm, more than sixteen channels",
       {{3, 18}, {18}, {18}},
       [](auto& in) { return batch_norm_of(in[0], in[1], in[2]); }},
      {"reshape",
       {{2, 6}},
       [](auto& in) {
         return in[0].reshape(Shape{3, -1});
       }},
      {"reshape that copies", {{2, 3}}, [](auto& in) { return in[0].t().reshape(Shape{6}); }},
      {"flatten", {{2, 3, 2}}, [](auto& in) { return in[0].flatten(1); }},
      {"permute",
       {{2, 3, 4}},
       [](auto& in) {
         return in[0].permute(Shape{2, 0, 1});
       }},
      {"select", {{2, 3}}, [](auto& in) { return in[0].select(1, -1); }},
      {"slice with a step", {{5, 2}}, [](auto& in) { return in[0].slice(0, 1, 5, 2); }},
      {"narrow", {{5, 2}}, [](auto& in) { return in[0].narrow(0, 2, 2); }},
      {"squeeze and unsqueeze", {{2, 1, 3}}, [](auto& in) { return in[0].squeeze(1).unsqueeze(-1); }},
      {"expand",
       {{3, 1}},
       [](auto& in) {
         return in[0].expand(Shape{2, 3, 4});
       }},
      {"clone", {{3}}, [](auto& in) { return in[0].clone(); }},
      {"to float64 and back", {{3}}, [](auto& in) { return in[0].to(DType::float64).to(in[0].dtype()); }},
      {"in place",
       {{3}, {3}},
       [](auto& in) {
         Tensor y = in[0] * 2;
         y.mul_(in[1]);
         y.add_(in[0]);
         return y;
       }},
      {"no elements", {{0, 3}, {5, 3}, {5}}, [](auto& in) { return linear(in[0], in[1], in[2]); }},
  };
  return all;
}

const std::vector<Case>& awkward_cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> cases;
    struct Unary {
      const char* name;
      Tensor (*function)(const Tensor&);
      double low, high;
    };
    for (const Unary& one :
         {Unary{"neg", neg, -9, 9}, Unary{"abs", abs, -9, 9}, Unary{"exp", exp, -10, 10}, Unary{"log", log, 0.05, 50},
          Unary{"sqrt", sqrt, 0.05, 50}, Unary{"relu", relu, -9, 9}, Unary{"sigmoid", sigmoid, -10, 10}}) {
      for (const Shape& shape : {Shape{}, Shape{1}, Shape{0, 3}, Shape{37, 129}, of_rank(10), of_rank(64)})
        cases.push_back({text(one.name, " of ", bracketed(shape)),
                         {shape},
                         [f = one.function](const Inputs& in) { return f(in[0]); },
                         one.low,
                         one.high});
    }
    struct Binary {
      const char* name;
      Tensor (*function)(const Tensor&, const Tensor&);
    };
    const std::vector<std::vector<Shape>> pairs = {
        {{37, 129}, {37, 129}}, {{5, 1, 7}, {3, 1}},         {{4099}, {}},          {{}, {4099}},  {{129}, {37, 129}},
        {{37, 1}, {1, 129}},    {of_rank(10), {2, 1, 2, 1}}, {of_rank(64), {3, 1}}, {{0, 3}, {3}}, {{1}, {0}},
        {{9, 1, 63}, {13, 63}}};
    for (const Binary& one : {Binary{"add", add}, Binary{"sub", sub}, Binary{"mul", mul}, Binary{"div", div}}) {
      for (const std::vector<Shape>& shapes : pairs)
        cases.push_back({text(one.name, " of ", bracketed(shapes[0]), " and ", bracketed(shapes[1])), shapes,
                         [f = one.function](const Inputs& in) { return f(in[0], in[1]); }, 0.3, 3});
    }
    struct Reduced {
      Shape shape, dims;
    };
    for (const Reduced& one : {Reduced{{3, 20011}, {1}},
                               {{20011, 3}, {0}},
                               {{20011}, {}},
                               {{5, 1500, 7}, {1}},
                               {{2, 3, 1025}, {0, 2}},
                               {{40, 1024}, {1}},
                               {{0, 5}, {0}},
                               {{5, 0}, {}},
                               {{}, {}},
                               {of_rank(10), {0, 4, 8}},
                               {of_rank(64), {}},
                               {of_rank(64), {0, 62}},
                               {{7, 17}, {0}}}) {
      const std::string of = text(bracketed(one.shape), " over ", bracketed(one.dims));
      cases.push_back({"sum of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return sum(in[0], d); }});
      cases.push_back(
          {"mean of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return mean(in[0], d, true); }});
    }
    const auto largest = [&](const Shape& shape, int dim) {
      cases.push_back({text("argmax of ", bracketed(shape), " over ", dim), {shape}, [dim](const Inputs& in) {
                         return argmax(in[0], dim);
                       }});
    };
    largest({37, 129}, 0), largest({37, 129}, 1), largest({20011}, 0), largest({}, 0), largest(of_rank(10), 4);
    largest({0, 3}, 1);

    const auto product = [](const Inputs& in) { return matmul(in[0], in[1]); };
    for (const auto& [a, b] : std::vector<std::pair<Shape, Shape>>{{{65, 130}, {130, 33}},
                                                                   {{3, 1, 17, 40}, {2, 40, 9}},
                                                                   {{300}, {300}},
                                                                   {{70, 300}, {300}},
                                                                   {{0, 4}, {4, 3}},
                                                                   {{4, 0}, {0, 3}},
                                                                   {{2, 3, 0}, {2, 0, 4}},
                                                                   {{1, 1}, {1, 1}},
                                                                   {{5, 3, 4}, {4, 2}},
                                                                   {{3, 4}, {5, 4, 2}}})
      cases.push_back({text("matmul of ", bracketed(a), " and ", bracketed(b)), {a, b}, product});
    cases.push_back({"matmul of expanded batches", {{1, 17, 40}, {40, 9}}, [](const Inputs& in) {
                       return matmul(in[0].expand(Shape{4, 17, 40}), in[1].expand(Shape{4, 40, 9}));
                     }});
    for (const Shape& x : {Shape{70, 130}, Shape{2, 35, 130}, Shape{0, 130}})
      cases.push_back({text("linear of ", bracketed(x)), {x, {40, 130}, {40}}, [](const Inputs& in) {
                         return linear(in[0], in[1], in[2]);
                       }});
    cases.push_back({"linear of nothing to each", {{6, 0}, {4, 0}, {4}}, [](const Inputs& in) {
                       return linear(in[0], in[1], in[2]);
                     }});

    struct Probabilities {
      Shape shape;
      int dim;
    };
    for (const Probabilities& one : {Probabilities{{70, 1031}, 1},
                                     {{70, 1031}, 0},
                                     {{1500, 10}, 1},
                                     {{3, 20011}, 1},
                                     {{20011, 3}, 0},
                                     {{5, 1500, 7}, 1},
                                     {{4, 21, 9, 8}, 1},
                                     {{17, 1, 65}, 1},
                                     {of_rank(10), 4},
                                     {of_rank(64), 62},
                                     {{0, 5}, 1},
                                     {{5, 0}, 1},
                                     {{}, 0}}) {
      const std::string of = text(bracketed(one.shape), " over ", one.dim);
      cases.push_back(
          {"softmax of " + of, {one.shape}, [d = one.dim](const Inputs& in) { return softmax(in[0], d); }, -8, 8});
      cases.push_back({"log_softmax of " + of,
                       {one.shape},
                       [d = one.dim](const Inputs& in) { return log_softmax(in[0], d); },
                       -8,
                       8});
    }

    for (const Shape& shape : {Shape{70, 1031}, Shape{1500, 10}, Shape{5, 1}}) {
      for (const Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
        cases.push_back(
            {text("cross_entropy of ", bracketed(shape), ", reduction ", static_cast<int>(reduction)),
             {shape},
             [reduction](const Inputs& in) { return cross_entropy(in[0], targets(in[0]), {.reduction = reduction}); },
             -8,
             8});
      }
      cases.push_back(
          {text("cross_entropy of ", bracketed(shape), " with weights"), {shape, {shape[1]}}, [](const Inputs& in) {
             return cross_entropy(in[0], targets(in[0]),
                                  {.weight = in[1].detach() + 2, .ignore_index = 2, .label_smoothing = 0.125});
           }});
    }
    cases.push_back({"cross_entropy of 16500 rows", {{16500, 2}}, [](const Inputs& in) {
                       return cross_entropy(in[0], targets(in[0]));
                     }});
    for (const std::vector<Shape>& shapes : {std::vector<Shape>{{37, 129}, {37, 129}}, {{20011}, {1}}, {{}, {}}}) {
      for (const Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum})
        cases.push_back({text("mse_loss of ", bracketed(shapes[0]), ", reduction ", static_cast<int>(reduction)),
                         shapes, [reduction](const Inputs& in) { return mse_loss(in[0], in[1], reduction); }});
    }
    for (const Shape& shape : {Shape{300, 17}, Shape{40, 17, 5}, Shape{8, 3, 9, 9}, Shape{1500, 5}, Shape{20000, 2},
                               Shape{2, 1, 600}, Shape{5, 40, 3}}) {
      cases.push_back({text("batch_norm of ", bracketed(shape)), {shape, {shape[1]}, {shape[1]}}, [](const Inputs& in) {
                         return batch_norm_of(in[0], in[1], in[2]);
                       }});
      for (const bool training : {true, false})
        cases.push_back({text("batch_norm of ", bracketed(shape), training ? ", training" : ", evaluating"),
                         {shape},
                         [training](const Inputs& in) { return batch_norm_with_statistics(in[0], training); }});
    }
    cases.push_back({"in place", {{37, 129}, {129}}, [](const Inputs& in) {
                       Tensor y = in[0] * 2;
                       y.mul_(in[1]);
                       y.sub_(in[0]);
                       y.div_(in[1] + 4);
                       y.add_(0.5);
                       return y;
                     }});
    cases.push_back({"copies of views", {{37, 129}}, [](const Inputs& in) {
                       const Tensor y = zeros({129, 40}, {.dtype = in[0].dtype(), .device = in[0].device()});
                       y.narrow(1, 2, 37).copy_(in[0].detach().t());
                       y.slice(0, 0, 129, 3).fill_(7);
                       return y;
                     }});
    return cases;
  }();
  return all;
}

const std::vector<Case>& whole_cases() {
  static const std::vector<Case> all = {
      {"neg", {{37, 129}}, [](auto& in) { return neg(in[0]); }, -1e18, 1e18},
      {"abs", {{37, 129}}, [](auto& in) { return abs(in[0]); }, -1e18, 1e18},
      {"relu", {{37, 129}}, [](auto& in) { return relu(in[0]); }, -100, 100},
      {"add", {{37, 129}, {129}}, [](auto& in) { return in[0] + in[1]; }, -9e18, 9e18},
      {"sub", {{37, 1}, {37, 129}}, [](auto& in) { return in[0] - in[1]; }, -9e18, 9e18},
      {"mul, wrapping around", {{37, 129}, {}}, [](auto& in) { return in[0] * in[1]; }, -9e18, 9e18},
      {"div, in float32", {{37, 129}, {129}}, [](auto& in) { return in[0] / (in[1] * in[1] + 1); }, -100, 100},
      {"sum, wrapping around", {{3, 20011}}, [](auto& in) { return sum(in[0], Shape{1}); }, -9e18, 9e18},
      {"sum of all", {{37, 129}}, [](auto& in) { return sum(in[0]); }, -1e6, 1e6},
      {"argmax", {{37, 129}}, [](auto& in) { return argmax(in[0], 1); }, -9, 9},
      {"matmul", {{17, 300}, {300, 9}}, [](auto& in) { return matmul(in[0], in[1]); }, -1e15, 1e15},
      {"matmul of batches", {{3, 1, 5, 4}, {2, 4, 3}}, [](auto& in) { return matmul(in[0], in[1]); }, -1e6, 1e6},
      {"fill",
       {{37, 129}},
       [](auto& in) {
         const Tensor y = in[0].clone();
         y.slice(1, 0, 129, 2).fill_(std::int64_t{9007199254740993});
         return y;
       }},
  };
  return all;
}

Tensor laid_out(const Tensor& numbers, Layout layout, Device device) {
  const NoGrad no_grad;
  const Shape& shape = numbers.shape();
  if (layout == Layout::rows || shape.rank() == 0) return numbers.detach().contiguous().to(device);
  if (layout == Layout::repeated) {
    if (shape[0] < 2) return numbers.detach().contiguous().to(device);
    return numbers.narrow(0, 0, 1).contiguous().to(device).expand(shape).detach();
  }
  const auto room = [](std::int64_t extent) { return extent > 1 ? extent * 2 : extent; };
  Shape reversed, order;
  for (int i = shape.rank() - 1; i >= 0; --i) reversed.push_back(room(shape[i])), order.push_back(i);
  Tensor view = zeros(reversed, {.dtype = numbers.dtype(), .device = device}).permute(order);
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] > 1) view = view.slice(i, 0, shape[i] * 2, 2);
  view.copy_(numbers);
  return view.detach();
}

std::vector<Tensor> inputs_of(const Case& test, Layout layout, DType dtype, Device device) {
  const Generator generator(7);
  std::vector<Tensor> inputs;
  for (const Shape& shape : test.shapes) {
    const Tensor made = rand(shape, {.dtype = DType::float64}, generator) * (test.high - test.low) + test.low;
    for (double& value : made.data<double>())
      if (std::abs(value) < 0.05) value = 0.3;
    Tensor input = laid_out(made.to(dtype), layout, device);
    if (is_floating_point(dtype)) input.requires_grad_();
    inputs.push_back(input);
  }
  return inputs;
}
