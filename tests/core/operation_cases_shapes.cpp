// The same numbers in another shape or dtype; tensors joined, and cut again.
#include "operation_cases_families.h"

using namespace cairn;

namespace {

/// Numbers that a tensor of extent 0 joins without changing them.
Tensor nothing_like(const Tensor& x) { return zeros({0}, {.dtype = x.dtype(), .device = x.device()}); }

void add_small_cases(std::vector<Case>& small) {
  add(small, {{"reshape",
               {{2, 6}},
               [](auto& in) {
                 return in[0].reshape(Shape{3, -1});
               }},
              {"reshape that copies", {{2, 3}}, [](auto& in) { return in[0].t().reshape(Shape{6}); }},
              {"flatten", {{2, 3, 2}}, [](auto& in) { return in[0].flatten(1); }},
              {"transpose", {{2, 3, 4}}, [](auto& in) { return in[0].transpose(0, -1); }},
              {"permute",
               {{2, 3, 4}},
               [](auto& in) {
                 return in[0].permute(Shape{2, 0, 1});
               }},
              {"select", {{2, 3}}, [](auto& in) { return in[0].select(1, -1); }},
              {"slice with a step", {{5, 2}}, [](auto& in) { return in[0].slice(0, 1, 5, 2); }},
              {"narrow", {{5, 2}}, [](auto& in) { return in[0].narrow(0, 2, 2); }},
              {"squeeze and unsqueeze", {{2, 1, 3}}, [](auto& in) { return in[0].squeeze(1).unsqueeze(-1); }},
              {"squeeze of all", {{2, 1, 3, 1}}, [](auto& in) { return in[0].squeeze(); }},
              {"expand",
               {{3, 1}},
               [](auto& in) {
                 return in[0].expand(Shape{2, 3, 4});
               }},
              {"clone", {{3}}, [](auto& in) { return in[0].clone(); }},
              {"to float64 and back", {{3}}, [](auto& in) { return in[0].to(DType::float64).to(in[0].dtype()); }},
              {"cat of two",
               {{2, 3}, {1, 3}},
               [](auto& in) {
                 return cat({in[0], in[1]});
               }},
              {"cat of three, negative dimension",
               {{2, 3}, {2, 1}, {2, 2}},
               [](auto& in) {
                 return cat({in[0], in[1], in[2]}, -1);
               }},
              {"cat of five",
               {{2, 1}, {2, 3}, {2, 0}, {2, 2}, {2, 1}},
               [](auto& in) {
                 return cat({in[0], in[1], in[2], in[3], in[4]}, 1);
               }},
              {"cat with itself and with nothing",
               {{2, 3}},
               [](auto& in) {
                 return cat({in[0], nothing_like(in[0]), in[0] * 2});
               }},
              {"cat with an empty vector",
               {{0}, {2, 3}, {1, 3}},
               [](auto& in) {
                 return cat({in[0], in[1], in[2]});
               }},
              {"stack",
               {{2, 3}, {2, 3}, {2, 3}},
               [](auto& in) {
                 return stack({in[0], in[1], in[2]});
               }},
              {"stack at the end",
               {{2, 3}, {2, 3}},
               [](auto& in) {
                 return stack({in[0], in[1]}, -1);
               }},
              {"stack of scalars",
               {{}, {}},
               [](auto& in) {
                 return stack({in[0], in[1]});
               }},
              {"split",
               {{5, 2}},
               [](auto& in) {
                 const std::vector<Tensor> parts = in[0].split(2);
                 return cat({parts[2], parts[0] * 2, parts[1]});
               }},
              {"split by sizes",
               {{2, 6}},
               [](auto& in) {
                 const std::vector<Tensor> parts = in[0].split(Shape{1, 3, 2}, -1);
                 return parts[0] * sum(parts[1]) + sum(parts[2], Shape{1}, true);
               }},
              {"chunk", {{7, 2}}, [](auto& in) {
                 const std::vector<Tensor> parts = in[0].chunk(3);
                 return cat({parts[2] * 3, parts[1], parts[0]});
               }}});
}

void add_awkward_cases(std::vector<Case>& awkward) {
  const auto joined = [](int dim) { return [dim](const Inputs& in) { return cat(in, dim); }; };
  add(awkward, {{"copies of views",
                 {{37, 129}},
                 [](auto& in) {
                   const Tensor y = zeros({129, 40}, {.dtype = in[0].dtype(), .device = in[0].device()});
                   y.narrow(1, 2, 37).copy_(in[0].detach().t());
                   y.slice(0, 0, 129, 3).fill_(7);
                   return y;
                 }},
                {"cat of rows", {{37, 129}, {1, 129}, {0, 129}, {70, 129}}, joined(0)},
                {"cat of columns", {{37, 129}, {37, 1}, {37, 70}}, joined(1)},
                {"cat of rank 10", {of_rank(10), of_rank(10)}, joined(4)},
                {"cat of rank 64", {of_rank(64), of_rank(64), of_rank(64)}, joined(-1)},
                {"cat of nothing", {{0, 3}, {0, 3}}, joined(0)},
                {"stack", {{37, 129}, {37, 129}, {37, 129}}, [](auto& in) { return stack(in, 1); }},
                {"stack of rank 10", {of_rank(10), of_rank(10)}, [](auto& in) { return stack(in, 5); }},
                {"chunks, the other way round", {{130, 37}}, [](auto& in) {
                   std::vector<Tensor> parts = in[0].chunk(7);
                   return cat(std::vector<Tensor>(parts.rbegin(), parts.rend()));
                 }}});
}

void add_whole_cases(std::vector<Case>& whole) {
  add(whole, {{"fill",
               {{37, 129}},
               [](auto& in) {
                 const Tensor y = in[0].clone();
                 y.slice(1, 0, 129, 2).fill_(std::int64_t{9007199254740993});
                 return y;
               }},
              {"cat",
               {{37, 129}, {5, 129}},
               [](auto& in) {
                 return cat({in[0], in[1]});
               },
               -9e18,
               9e18}});
}

}  // namespace

void add_shape_cases(Tables& tables) {
  add_small_cases(tables.small);
  add_awkward_cases(tables.awkward);
  add_whole_cases(tables.whole);
}
