// Losses but cross-entropy, which stands with softmax: of classes, and element by element.
#include "operation_cases_families.h"

using namespace cairn;

namespace {

constexpr Reduction reductions[] = {Reduction::none, Reduction::mean, Reduction::sum};

/// A class for each of `count`.
Tensor classes_for(const Tensor& x, const Shape& shape, std::int64_t classes) {
  const Tensor made = zeros(shape, {.dtype = DType::int64});
  std::int64_t i = 0;
  for (std::int64_t& target : made.data<std::int64_t>()) target = (i++ * 7 + 2) % classes;
  return made.to(x.device());
}

/// A weight for each column, broadcast.
Tensor weights(const Tensor& x) {
  return arange(x.size(-1), {.dtype = x.dtype(), .device = x.device()}) / static_cast<double>(x.size(-1)) + 0.25;
}

struct Pairwise {
  const char* name;
  Tensor (*function)(const Tensor& input, const Tensor& target, Reduction reduction);
  double low = -1.5, high = 1.5, awkward_low = -8, awkward_high = 8;
};
const Pairwise pairwise[] = {
    {"mse_loss", mse_loss},
    {"l1_loss", l1_loss},
    {"smooth_l1_loss", [](auto& x, auto& t, Reduction reduction) { return smooth_l1_loss(x, t, reduction, 0.75); }},
    {"binary_cross_entropy",
     [](auto& x, auto& t, Reduction reduction) {
       return binary_cross_entropy(x, t.expand(x.shape()), {.reduction = reduction});
     },
     0.1, 0.9, 0.05, 0.95},
    {"binary_cross_entropy with weights",
     [](auto& x, auto& t, Reduction reduction) {
       return binary_cross_entropy(x, t.expand(x.shape()), {weights(x), reduction});
     },
     0.1, 0.9, 0.05, 0.95},
    {"binary_cross_entropy_with_logits",
     [](auto& x, auto& t, Reduction reduction) {
       return binary_cross_entropy_with_logits(x, t.expand(x.shape()), {.reduction = reduction});
     }},
    {"binary_cross_entropy_with_logits with weights", [](auto& x, auto& t, Reduction reduction) {
       return binary_cross_entropy_with_logits(x, t.expand(x.shape()), {weights(x), reduction, weights(x) * 2});
     }}};

void add_cases(std::vector<Case>& table, const std::vector<std::vector<Shape>>& all, bool awkward) {
  for (const Pairwise& one : pairwise)
    for (const std::vector<Shape>& shapes : all)
      for (const Reduction reduction : reductions)
        table.push_back({text(one.name, " of ", bracketed(shapes[0]), ", reduction ", static_cast<int>(reduction)),
                         shapes, [f = one.function, reduction](const Inputs& in) { return f(in[0], in[1], reduction); },
                         awkward ? one.awkward_low : one.low, awkward ? one.awkward_high : one.high});
}

}  // namespace

void add_loss_cases(Tables& tables) {
  add_cases(tables.small, {{{2, 3}, {2, 3}}, {{2, 3}, {3}}, {{1, 19}, {19}}}, false);
  add_cases(tables.awkward, {{{37, 129}, {37, 129}}, {{20011}, {1}}, {{5, 1}, {1}}}, true);
  for (const Reduction reduction : reductions) {
    const std::string how = text(", reduction ", static_cast<int>(reduction));
    const auto plain = [reduction](const Inputs& in) {
      return nll_loss(in[0], classes_for(in[0], {in[0].size(0)}, in[0].size(1)), {.reduction = reduction});
    };
    const auto weighted = [reduction](const Inputs& in) {
      const std::int64_t classes = in[0].size(1);
      const Tensor weight = arange(classes, {.dtype = in[0].dtype(), .device = in[0].device()}) + 1;
      return nll_loss(in[0], classes_for(in[0], {in[0].size(0)}, classes),
                      {.weight = weight, .ignore_index = 2, .reduction = reduction});
    };
    const auto planes = [reduction](const Inputs& in) {
      const Tensor target = classes_for(in[0], {in[0].size(0), in[0].size(2)}, in[0].size(1));
      return nll_loss(in[0], target, {.reduction = reduction}) + cross_entropy(in[0], target, {.reduction = reduction});
    };
    tables.small.push_back({"nll_loss" + how, {{4, 3}}, plain});
    tables.small.push_back({"nll_loss with weights" + how, {{7, 3}}, weighted});
    tables.small.push_back({"nll_loss and cross_entropy of places" + how, {{2, 3, 4}}, planes});
    tables.small.push_back({"nll_loss of one row" + how, {{5}}, [reduction](const Inputs& in) {
                              return nll_loss(in[0], classes_for(in[0], {}, 5), {.reduction = reduction});
                            }});
    for (const Shape& shape : {Shape{70, 1031}, Shape{1500, 10}, Shape{16500, 2}}) {
      tables.awkward.push_back({text("nll_loss of ", bracketed(shape), how), {shape}, plain});
      tables.awkward.push_back({text("nll_loss of ", bracketed(shape), " with weights", how), {shape}, weighted});
    }
  }
}
