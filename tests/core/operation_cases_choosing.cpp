// Comparisons, and what chooses by them: where, masked_fill, clamp.
#include "operation_cases_families.h"

using namespace cairn;

namespace {

/// A mask of three.
Tensor mask(const Tensor& x) { return beside(x, {1, 0, 1}).to(DType::boolean); }

using Compares = Tensor (*)(const Tensor&, const Tensor&);
constexpr std::pair<const char*, Compares> comparisons[] = {{"eq", eq}, {"ne", ne}, {"lt", lt},
                                                            {"le", le}, {"gt", gt}, {"ge", ge}};
constexpr std::pair<const char*, Compares> logical[] = {
    {"logical_and", logical_and}, {"logical_or", logical_or}, {"logical_xor", logical_xor}};

void add_small_cases(std::vector<Case>& small) {
  add(small,
      {{"where", {{2, 3}, {2, 3}}, [](auto& in) { return where(mask(in[0]), in[0], in[1]); }},
       {"where, broadcast", {{2, 1}, {}}, [](auto& in) { return where(mask(in[0]), in[0], in[1]); }},
       {"where, with numbers",
        {{2, 3}},
        [](auto& in) { return where(mask(in[0]), in[0], 0.5) * where(mask(in[0]), 2, in[0]); }},
       {"masked_fill", {{2, 3}}, [](auto& in) { return masked_fill(in[0], mask(in[0]), 0.5); }},
       {"masked_fill by a tensor", {{2, 3}, {}}, [](auto& in) { return masked_fill(in[0], mask(in[0]), in[1]); }},
       {"masked_fill in place",
        {{2, 3}},
        [](auto& in) {
          const Tensor y = in[0] * 2;
          return y.masked_fill_(mask(in[0]), -1);
        }},
       {"masked_fill in place, by a tensor",
        {{2, 3}, {}},
        [](auto& in) {
          const Tensor y = in[0] * 2;
          return y.masked_fill_(mask(in[0]), in[1]);
        }},
       {"clamp", {{4, 5}}, [](auto& in) { return clamp(in[0], -0.5, 0.7); }},
       {"clamp from below", {{4, 5}}, [](auto& in) { return clamp(in[0], -0.5); }},
       {"clamp from above", {{4, 5}}, [](auto& in) { return clamp(in[0], {}, 0.5); }},
       {"clamp by tensors", {{4, 5}, {5}, {4, 1}}, [](auto& in) { return clamp(in[0], in[1], in[2]); }},
       {"clamp from below by a tensor", {{4, 5}, {4, 5}}, [](auto& in) { return clamp(in[0], in[1]); }},
       {"clamp from above by a tensor", {{4, 5}, {}}, [](auto& in) { return clamp(in[0], Tensor(), in[1]); }},
       {"clamp in place",
        {{4, 5}},
        [](auto& in) {
          const Tensor y = in[0] * 2;
          return y.clamp_(-0.5, 0.7);
        }},
       {"clamp in place, by tensors", {{4, 5}, {5}, {4, 1}}, [](auto& in) {
          const Tensor y = in[0] * 2;
          return y.clamp_(in[1], in[2]);
        }}});
}

void add_awkward_cases(std::vector<Case>& awkward) {
  const std::vector<std::vector<Shape>> pairs = {
      {{37, 129}, {37, 129}}, {{4099}, {}},           {{37, 1}, {1, 129}}, {of_rank(10), {2, 1, 2, 1}},
      {of_rank(64), {3, 1}},  {{9, 1, 63}, {13, 63}}, {{0, 3}, {3}},       {{1}, {0}}};
  for (const std::vector<Shape>& shapes : pairs) {
    const std::string of = text(" of ", bracketed(shapes[0]), " and ", bracketed(shapes[1]));
    // Numbers of which many are equal, and for truths many 0.
    for (const auto& [name, function] : comparisons)
      awkward.push_back(
          {name + of, shapes, [f = function](const Inputs& in) { return as(in[0], f(relu(in[0]), relu(in[1]))); }});
    for (const auto& [name, function] : logical)
      awkward.push_back(
          {name + of, shapes, [f = function](const Inputs& in) { return as(in[0], f(relu(in[0]), relu(in[1]))); }});
    awkward.push_back({"where" + of, shapes, [](const Inputs& in) { return where(gt(in[0], in[1]), in[0], in[1]); }});
    awkward.push_back({"clamp" + of, shapes, [](const Inputs& in) { return clamp(in[0], in[1], in[1] * 2); }});
  }
  add(awkward,
      {{"where of three shapes",
        {{37, 1, 5}, {129, 1}, {5}},
        [](auto& in) { return where(gt(in[0], 0), in[1], in[2]); }},
       {"clamp of three shapes", {{129, 1}, {37, 1, 5}, {5}}, [](auto& in) { return clamp(in[0], in[1], in[2]); }},
       {"comparisons with numbers",
        {{37, 129}},
        [](auto& in) {
          return as(in[0], in[0] == 0.25) + as(in[0], in[0] < 0.75) * 2 + as(in[0], in[0] >= -0.25) * 4 +
                 as(in[0], logical_not(relu(in[0]))) * 8;
        }},
       {"masked_fill", {{37, 129}, {129}}, [](auto& in) { return masked_fill(in[0], in[1] > 0.25, 0.1); }}});
}

void add_whole_cases(std::vector<Case>& whole) {
  for (const auto& [name, function] : comparisons)
    whole.push_back(
        {name, {{37, 129}, {129}}, [f = function](const Inputs& in) { return as(in[0], f(in[0], in[1])); }, -9, 9});
  for (const auto& [name, function] : logical)
    whole.push_back(
        {name, {{37, 129}, {129}}, [f = function](const Inputs& in) { return as(in[0], f(in[0], in[1])); }, -2, 2});
  add(whole,
      {{"gt of large numbers", {{37, 129}, {129}}, [](auto& in) { return as(in[0], in[0] > in[1]); }, -9e18, 9e18},
       {"where", {{37, 129}, {129}}, [](auto& in) { return where(in[0] > in[1], in[0], in[1] - 1); }, -9e18, 9e18},
       {"clamp", {{37, 129}}, [](auto& in) { return clamp(in[0], -3, 5); }, -9, 9},
       {"clamp from below", {{37, 129}, {129}}, [](auto& in) { return clamp(in[0], in[1]); }, -9e18, 9e18}});
}

}  // namespace

void add_choosing_cases(Tables& tables) {
  add_small_cases(tables.small);
  add_awkward_cases(tables.awkward);
  add_whole_cases(tables.whole);
}
