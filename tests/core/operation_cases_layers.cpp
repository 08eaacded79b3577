// What layers are made of: matrix products, softmax, losses, batch normalisation.
#include "operation_cases_families.h"

using namespace cairn;

namespace {

/// Classes for the rows of x [rows, classes].
Tensor targets(const Tensor& x) {
  if (x.size(0) == 4) return tensor<std::int64_t>({2, 0, 1, 1}).to(x.device());
  const Tensor made = zeros({x.size(0)}, {.dtype = DType::int64});
  for (std::int64_t i = 0; i < x.size(0); ++i) made.data<std::int64_t>()[i] = i * 7 % x.size(1);
  return made.to(x.device());
}

/// Row numbers [2, 3] of a table of four rows, some of them twice.
Tensor words(const Tensor& x) { return tensor<std::int64_t>({2, 0, 3, 2, 2, 0}).view({2, 3}).to(x.device()); }

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

void add_small_cases(std::vector<Case>& small) {
  add(small,
      {{"matmul", {{3, 4}, {4, 2}}, [](auto& in) { return matmul(in[0], in[1]); }},
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
       {"layer_norm", {{4, 3}, {3}, {3}}, [](auto& in) { return layer_norm(in[0], {3}, in[1], in[2]); }},
       {"layer_norm of two dimensions",
        {{2, 3, 5}, {3, 5}, {3, 5}},
        [](auto& in) {
          return layer_norm(in[0], {3, 5}, in[1], in[2]);
        }},
       {"layer_norm without bias", {{19, 18}, {18}}, [](auto& in) { return layer_norm(in[0], {18}, in[1]); }},
       {"layer_norm alone", {{2, 2, 7}}, [](auto& in) { return layer_norm(in[0], {7}, {}, {}, 0.1); }},
       {"layer_norm of no rows", {{0, 3}, {3}}, [](auto& in) { return layer_norm(in[0], {3}, in[1]); }},
       {"embedding", {{4, 3}}, [](auto& in) { return embedding(words(in[0]), in[0]); }},
       {"no elements", {{0, 3}, {5, 3}, {5}}, [](auto& in) { return linear(in[0], in[1], in[2]); }}});
}

void add_awkward_cases(std::vector<Case>& awkward) {
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
    awkward.push_back({text("matmul of ", bracketed(a), " and ", bracketed(b)), {a, b}, product});
  awkward.push_back({"matmul of expanded batches", {{1, 17, 40}, {40, 9}}, [](const Inputs& in) {
                       return matmul(in[0].expand(Shape{4, 17, 40}), in[1].expand(Shape{4, 40, 9}));
                     }});
  for (const Shape& x : {Shape{70, 130}, Shape{2, 35, 130}, Shape{0, 130}})
    awkward.push_back({text("linear of ", bracketed(x)),
                       {x, {40, 130}, {40}},
                       [](const Inputs& in) { return linear(in[0], in[1], in[2]); },
                       -1,
                       2});  // no sum near 0, of which an error relative to it would be large
  awkward.push_back({"linear of nothing to each", {{6, 0}, {4, 0}, {4}}, [](const Inputs& in) {
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
    awkward.push_back(
        {"softmax of " + of, {one.shape}, [d = one.dim](const Inputs& in) { return softmax(in[0], d); }, -8, 8});
    awkward.push_back({"log_softmax of " + of,
                       {one.shape},
                       [d = one.dim](const Inputs& in) { return log_softmax(in[0], d); },
                       -8,
                       8});
  }

  for (const Shape& shape : {Shape{70, 1031}, Shape{1500, 10}, Shape{5, 1}}) {
    for (const Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
      awkward.push_back(
          {text("cross_entropy of ", bracketed(shape), ", reduction ", static_cast<int>(reduction)),
           {shape},
           [reduction](const Inputs& in) { return cross_entropy(in[0], targets(in[0]), {.reduction = reduction}); },
           -8,
           8});
    }
    awkward.push_back(
        {text("cross_entropy of ", bracketed(shape), " with weights"), {shape, {shape[1]}}, [](const Inputs& in) {
           return cross_entropy(in[0], targets(in[0]),
                                {.weight = in[1].detach() + 2, .ignore_index = 2, .label_smoothing = 0.125});
         }});
  }
  awkward.push_back({"cross_entropy of 16500 rows", {{16500, 2}}, [](const Inputs& in) {
                       return cross_entropy(in[0], targets(in[0]));
                     }});
  for (const Shape& shape :
       {Shape{300, 17}, Shape{5, 2500}, Shape{1, 20011}, Shape{70, 1031}, Shape{3, 1}, Shape{4, 3, 33}})
    awkward.push_back({text("layer_norm of ", bracketed(shape)),
                       {shape, {shape[shape.rank() - 1]}, {shape[shape.rank() - 1]}},
                       [](const Inputs& in) { return layer_norm(in[0], in[1].shape(), in[1], in[2]); }});
  awkward.push_back({"embedding of 4096 words", {{97, 33}}, [](const Inputs& in) {
                       const Tensor indices = zeros({64, 64}, {.dtype = DType::int64});
                       std::int64_t i = 0;
                       for (std::int64_t& place : indices.data<std::int64_t>()) place = i++ * 7919 % 97;
                       return embedding(indices.to(in[0].device()), in[0]);
                     }});
  for (const Shape& shape : {Shape{300, 17}, Shape{40, 17, 5}, Shape{8, 3, 9, 9}, Shape{1500, 5}, Shape{20000, 2},
                             Shape{2, 1, 600}, Shape{5, 40, 3}}) {
    awkward.push_back({text("batch_norm of ", bracketed(shape)), {shape, {shape[1]}, {shape[1]}}, [](const Inputs& in) {
                         return batch_norm_of(in[0], in[1], in[2]);
                       }});
    for (const bool training : {true, false})
      awkward.push_back({text("batch_norm of ", bracketed(shape), training ? ", training" : ", evaluating"),
                         {shape},
                         [training](const Inputs& in) { return batch_norm_with_statistics(in[0], training); }});
  }
}

void add_whole_cases(std::vector<Case>& whole) {
  add(whole,
      {{"matmul", {{17, 300}, {300, 9}}, [](auto& in) { return matmul(in[0], in[1]); }, -1e15, 1e15},
       {"matmul of batches", {{3, 1, 5, 4}, {2, 4, 3}}, [](auto& in) { return matmul(in[0], in[1]); }, -1e6, 1e6}});
}

}  // namespace

void add_layer_cases(Tables& tables) {
  add_small_cases(tables.small);
  add_awkward_cases(tables.awkward);
  add_whole_cases(tables.whole);
}
