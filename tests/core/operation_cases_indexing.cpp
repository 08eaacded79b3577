// Places that an index names: gather, scatter_add, index_select, one_hot.
#include "operation_cases_families.h"

using namespace cairn;

namespace {

/// An index on the device of `x`.
Tensor index(const Tensor& x, std::initializer_list<std::int64_t> places, const Shape& shape) {
  return tensor(places).view(shape).to(x.device());
}

/// Places below `extent` in no order, most of them several times: so many that they are sorted in several passes.
Tensor scattered(const Tensor& x, const Shape& shape, std::int64_t extent) {
  const Tensor places = zeros({shape.numel()}, {.dtype = DType::int64});
  std::int64_t i = 0;
  for (std::int64_t& place : places.data<std::int64_t>()) place = i++ * 7919 % 104729 % extent;
  return places.view(shape).to(x.device());
}

Tensor zeros_beside(const Tensor& x, const Shape& shape) {
  return zeros(shape, {.dtype = x.dtype(), .device = x.device()});
}

void add_small_cases(std::vector<Case>& small) {
  const auto rows = [](const Tensor& x) { return index(x, {2, 0, 3, 2, 2, 0}, {2, 3}); };
  const auto columns = [](const Tensor& x) { return index(x, {0, 0, 2, 1, 1, 1}, {3, 2}); };
  const auto places = [](const Tensor& x) { return index(x, {2, 0, 2, 2, 1}, {5}); };
  add(small,
      {{"gather of rows", {{4, 3}}, [=](auto& in) { return gather(in[0], 0, rows(in[0])); }},
       {"gather of columns", {{4, 3}}, [=](auto& in) { return gather(in[0], -1, columns(in[0])); }},
       {"gather in the middle",
        {{2, 4, 3}},
        [=](auto& in) {
          return gather(in[0], 1, rows(in[0]).view({2, 1, 3}).expand(Shape{2, 5, 3}));
        }},
       {"gather of a scalar", {{}}, [](auto& in) { return gather(in[0], 0, index(in[0], {0}, {})); }},
       {"gather of a scalar, twice",
        {{}},
        [](auto& in) {
          return gather(in[0], 0, index(in[0], {0, 0}, {2}));
        }},
       {"gather by an index of int32",
        {{4, 3}},
        [=](auto& in) { return gather(in[0], 0, rows(in[0]).to(DType::int32)); }},
       {"scatter_add to rows", {{4, 3}, {2, 3}}, [=](auto& in) { return scatter_add(in[0], 0, rows(in[0]), in[1]); }},
       {"scatter_add to columns, of a larger tensor",
        {{4, 3}, {5, 4}},
        [=](auto& in) { return scatter_add(in[0], 1, columns(in[0]), in[1]); }},
       {"scatter_add in place",
        {{4, 3}, {2, 3}},
        [=](auto& in) {
          const Tensor y = in[0] * 2;
          return y.scatter_add_(0, rows(in[0]), in[1]);
        }},
       {"index_select of rows", {{4, 3}}, [=](auto& in) { return index_select(in[0], 0, places(in[0])); }},
       {"index_select of columns", {{4, 3}}, [=](auto& in) { return index_select(in[0], -1, places(in[0])); }},
       {"index_select in the middle", {{2, 3, 2}}, [=](auto& in) { return index_select(in[0], 1, places(in[0])); }},
       {"index_select of a scalar", {{}}, [](auto& in) { return index_select(in[0], 0, index(in[0], {0}, {1})); }},
       {"index_select of nothing", {{4, 3}}, [](auto& in) {
          return cat({index_select(in[0], 0, index(in[0], {}, {0})), in[0]});
        }}});
}

void add_awkward_cases(std::vector<Case>& awkward) {
  struct Gathered {
    Shape shape;
    int dim;
    Shape index;
  };
  for (const Gathered& one : {Gathered{{37, 129}, 0, {50, 129}},
                              {{37, 129}, 1, {37, 7}},
                              {{2000, 5}, 1, {2000, 1}},
                              {{3, 40, 7}, 1, {2, 500, 7}},
                              {{300}, 0, {5003}},
                              {of_rank(10), 4, of_rank(10)},
                              {of_rank(64), 62, of_rank(64)},
                              {{5, 3}, 0, {0, 3}}}) {
    const std::string of = text(" of ", bracketed(one.shape), " by ", bracketed(one.index), " over ", one.dim);
    const auto places = [one](const Tensor& x) { return scattered(x, one.index, one.shape[one.dim]); };
    awkward.push_back(
        {"gather" + of, {one.shape}, [=](const Inputs& in) { return gather(in[0], one.dim, places(in[0])); }});
    awkward.push_back({"scatter_add" + of, {one.shape, one.index}, [=](const Inputs& in) {
                         return scatter_add(in[0], one.dim, places(in[0]), in[1]);
                       }});
  }
  for (const Gathered& one : {Gathered{{300, 37}, 0, {1100}},
                              {{37, 300}, 1, {1100}},
                              {{5, 40, 7}, 1, {600}},
                              {{20, 3, 2, 4}, 0, {257}},
                              {of_rank(64), 0, {5}},
                              {{7, 0}, 0, {20}}})
    awkward.push_back(
        {text("index_select of ", bracketed(one.shape), " over ", one.dim), {one.shape}, [one](const Inputs& in) {
           return index_select(in[0], one.dim, scattered(in[0], one.index, one.shape[one.dim]));
         }});
  add(awkward,
      {{"scatter_add to one place",
        {{3, 5}, {700, 5}},
        [](auto& in) {
          return scatter_add(in[0], 0, index(in[0], {2}, {1, 1}).expand(Shape{700, 5}), in[1]);
        }},
       {"scatter_add into a view", {{700, 3}}, [](auto& in) {
          const Tensor y = zeros_beside(in[0], {6, 40});
          y.t().slice(0, 1, 40, 2).narrow(1, 2, 3).scatter_add_(0, scattered(in[0], {700, 3}, 20), in[0].detach());
          return y;
        }}});
}

void add_whole_cases(std::vector<Case>& whole) {
  add(whole,
      {{"gather",
        {{37, 129}},
        [](auto& in) {
          return gather(in[0], 0, scattered(in[0], {50, 129}, 37));
        },
        -9e18,
        9e18},
       {"scatter_add, wrapping around",
        {{37, 5}, {700, 5}},
        [](auto& in) {
          return scatter_add(in[0], 0, scattered(in[0], {700, 5}, 37), in[1]);
        },
        -9e18,
        9e18},
       {"index_select", {{37, 129}}, [](auto& in) { return index_select(in[0], 1, scattered(in[0], {300}, 129)); }},
       {"one_hot",
        {{37, 5}},
        [](auto& in) { return one_hot(abs(in[0]), 10) + one_hot(abs(in[0]).clamp_(0, 9), 10); },
        -9,
        9}});
}

}  // namespace

void add_indexing_cases(Tables& tables) {
  add_small_cases(tables.small);
  add_awkward_cases(tables.awkward);
  add_whole_cases(tables.whole);
}
