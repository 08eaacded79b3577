// Sums and what is made of them; the largest and the smallest, and where they stand.
#include <limits>

#include "operation_cases_families.h"

using namespace cairn;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void add_small_cases(std::vector<Case>& small) {
  add(small, {{"sum", {{2, 3, 2}}, [](auto& in) { return sum(in[0]); }},
              {"sum over two",
               {{2, 3, 2}},
               [](auto& in) {
                 return sum(in[0], Shape{0, -1}, true);
               }},
              {"mean", {{2, 3}}, [](auto& in) { return mean(in[0]); }},
              {"mean over one", {{2, 3}}, [](auto& in) { return mean(in[0], Shape{1}); }},
              {"max", {{2, 3}}, [](auto& in) { return max(in[0]); }},
              {"min", {{2, 3}}, [](auto& in) { return min(in[0]); }},
              {"max over one", {{3, 4}}, [](auto& in) { return max(in[0], 1).values; }},
              {"min over one, kept", {{3, 4}}, [](auto& in) { return min(in[0], 0, true).values; }},
              {"max of a scalar", {{}}, [](auto& in) { return max(in[0], 0).values + max(in[0]) * min(in[0]); }},
              {"amax over two",
               {{2, 3, 4}},
               [](auto& in) {
                 return amax(in[0], Shape{0, 2});
               }},
              {"amin over two, kept",
               {{2, 3, 4}},
               [](auto& in) {
                 return amin(in[0], Shape{1, -1}, true);
               }},
              {"amax of all", {{2, 3, 4}}, [](auto& in) { return amax(in[0]) - amin(in[0]); }}});
  struct Over {
    Shape shape, dims;
    bool keepdim;
  };
  for (const Over& one : {Over{{2, 3, 2}, {}, false}, {{3, 4}, {1}, false}, {{2, 3, 4}, {0, -1}, true}}) {
    const std::string over = text(" of ", bracketed(one.shape), " over ", bracketed(one.dims));
    const auto each = [&](const std::string& name, auto compute) {
      small.push_back(
          {name + over, {one.shape}, [=](const Inputs& in) { return compute(in[0], one.dims, one.keepdim); }});
    };
    each("var", [](auto& x, auto& dims, bool keepdim) { return var(x, dims, 1, keepdim); });
    each("var without correction", [](auto& x, auto& dims, bool keepdim) { return var(x, dims, 0, keepdim); });
    each("std", [](auto& x, auto& dims, bool keepdim) { return cairn::std(x, dims, 1, keepdim); });
    each("logsumexp", [](auto& x, auto& dims, bool keepdim) { return logsumexp(x, dims, keepdim); });
    for (const double p : {1.0, 2.0, 3.0, 1.5, infinity, -infinity})
      each(text("norm, p = ", p), [p](auto& x, auto& dims, bool keepdim) { return norm(x, p, dims, keepdim); });
  }
}

void add_awkward_cases(std::vector<Case>& awkward) {
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
                             {{0, 5}, {1}},
                             {{}, {}},
                             {of_rank(10), {0, 4, 8}},
                             {of_rank(64), {}},
                             {of_rank(64), {0, 62}},
                             {{7, 17}, {0}}}) {
    const std::string of = text(bracketed(one.shape), " over ", bracketed(one.dims));
    awkward.push_back({"sum of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return sum(in[0], d); }});
    awkward.push_back(
        {"mean of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return mean(in[0], d, true); }});
    // Of no numbers there is no largest, but of no rows there is none wanted.
    if (one.shape.numel() == 0 && !(one.dims == Shape{1})) continue;
    awkward.push_back({"amax of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return amax(in[0], d); }});
    awkward.push_back(
        {"amin of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return amin(in[0], d, true); }});
  }
  for (const Reduced& one :
       {Reduced{{37, 129}, {1}}, {{37, 129}, {0}}, {{5003}, {}}, {of_rank(10), {0, 4, 8}}, {{0, 5}, {1}}}) {
    const std::string of = text(bracketed(one.shape), " over ", bracketed(one.dims));
    awkward.push_back({"var of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return var(in[0], d); }});
    awkward.push_back(
        {"std of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return cairn::std(in[0], d, 0, true); }});
    awkward.push_back({"norm of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return norm(in[0], 2, d); }});
    awkward.push_back(
        {"logsumexp of " + of, {one.shape}, [d = one.dims](const Inputs& in) { return logsumexp(in[0], d); }});
    awkward.push_back({"any and all of " + of, {one.shape}, [d = one.dims](const Inputs& in) {
                         return as(in[0], any(in[0] > 1.375, d)) * 2 + as(in[0], all(in[0] > -1.375, d));
                       }});
  }
  const auto places = [&](const Shape& shape, int dim) {
    const std::string of = text(" of ", bracketed(shape), " over ", dim);
    awkward.push_back({"argmax" + of, {shape}, [dim](const Inputs& in) { return argmax(in[0], dim); }});
    awkward.push_back({"argmin" + of, {shape}, [dim](const Inputs& in) { return argmin(in[0], dim, true); }});
    awkward.push_back({"max" + of, {shape}, [dim](const Inputs& in) { return max(in[0], dim).values; }});
    awkward.push_back({"min" + of, {shape}, [dim](const Inputs& in) { return min(in[0], dim, true).values; }});
  };
  places({37, 129}, 0), places({37, 129}, 1), places({20011}, 0), places({}, 0), places(of_rank(10), 4);
  places({0, 3}, 1), places({6000, 2}, 0), places(of_rank(64), 62);
  add(awkward, {{"argmax of all", {{37, 129}}, [](auto& in) { return argmax(in[0]) * 10000 + argmin(in[0]); }}});
}

void add_whole_cases(std::vector<Case>& whole) {
  add(whole,
      {{"sum, wrapping around", {{3, 20011}}, [](auto& in) { return sum(in[0], Shape{1}); }, -9e18, 9e18},
       {"sum of all", {{37, 129}}, [](auto& in) { return sum(in[0]); }, -1e6, 1e6},
       {"argmax", {{37, 129}}, [](auto& in) { return argmax(in[0], 1); }, -9, 9},
       {"argmin", {{37, 129}}, [](auto& in) { return argmin(in[0], 0); }, -9, 9},
       {"amax", {{37, 129}}, [](auto& in) { return amax(in[0], Shape{1}); }, -9e18, 9e18},
       {"amin of all", {{3, 20011}}, [](auto& in) { return amin(in[0]) + max(in[0]); }, -9e18, 9e18},
       {"max over one", {{37, 129}}, [](auto& in) { return max(in[0], 0).values + min(in[0], 0).indices; }, -9, 9},
       {"any and all",
        {{37, 129}},
        [](auto& in) { return as(in[0], any(in[0] > 8, Shape{0})) * 2 + as(in[0], all(in[0], Shape{0})); },
        -9,
        9}});
}

}  // namespace

void add_reduction_cases(Tables& tables) {
  add_small_cases(tables.small);
  add_awkward_cases(tables.awkward);
  add_whole_cases(tables.whole);
}
