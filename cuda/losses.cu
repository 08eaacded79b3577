// Cross-entropy from logits, and negative log-likelihood (core/loss_formulas.h).
//
//   cross_entropy            logits ─► log-probabilities, losses of rows ─► sum of losses and of weights, divided
//   cross_entropy_backward   targets ─► sum of weights, for a mean ─► with log-probabilities and targets: gradient
//   nll_loss                 numbers at the targets ─► sum of losses and of weights, divided
//
// Threads share rows (rows.h), whose exponentials are summed by the CPU's tree. A target that is no class is reported
// (fault.h), makes the loss NaN, and nothing is read astray.
#include <cairn/core/loss_formulas.h>
#include <cairn/cuda/elementwise.h>
#include <cairn/cuda/rows.h>
#include <cairn/cuda/sum.h>

namespace cairn::cuda {
namespace {

template <class T>
struct CrossEntropyRows {
  RowShape shape;
  const T* x;
  std::int64_t row_stride, stride;
  T* log_p;             // [rows, classes]
  Computed<T>* losses;  // null: each row's loss is written to `row_losses`
  T* row_losses;
  FaultWord* faults;
};

template <class T>
__global__ void __launch_bounds__(block_size) cross_entropy_rows(CrossEntropyRows<T> all, Targets<T> targets) {
  using C = Computed<T>;
  __shared__ C part[sum_units][sum_lanes + 1];
  const Team team(all.shape);
  const std::int64_t row = team.row, classes = targets.classes;
  const T* x = all.x + row * all.row_stride;
  const auto logit = [&](std::int64_t c) { return static_cast<C>(x[c * all.stride]); };

  const C largest = largest_of_row(part, team, logit);
  const C log_sum = std::log(sum_of_row(part, team, [&](std::int64_t c) { return std::exp(logit(c) - largest); }));
  const auto log_p = [&](std::int64_t c) { return LogSoftmax::value(logit(c) - largest, log_sum); };
  team.each([&](std::int64_t c) { all.log_p[row * classes + c] = T(log_p(c)); });
  C weighted = 0;
  if (targets.smoothing != 0)
    weighted = sum_of_row(part, team, [&](std::int64_t c) { return targets.weight_of(c) * log_p(c); });

  if (!team.live || team.member() != 0) return;
  const std::int64_t target = targets.of(row);
  C loss;
  if (targets.counts(target)) {
    loss = targets.loss(target, log_p(target));
    if (targets.smoothing != 0) loss = targets.smoothed(loss, weighted);
  } else {
    loss = targets.loss_of_uncounted(target);
    if (!targets.ignores(target)) report(all.faults, Fault::target_out_of_bounds, target);
  }
  if (all.losses)
    all.losses[row] = loss;
  else
    all.row_losses[row] = T(loss);
}

/// The losses of the rows, and what their mean is divided by.
template <class T>
struct LossesAndWeights {
  static constexpr int operands = 1;
  const Computed<T>* losses;
  Targets<T> targets;
  Evenly places;
  __device__ const Computed<T>* start(std::int64_t) const { return losses; }
  __device__ Pair<Computed<T>> value(const Computed<T>* from, const Offsets<1>& row) const {
    return {from[row[0]], targets.weight_of_target(targets.of(row[0]))};
  }
};

template <class T>
struct FinishLoss {
  T* loss;
  bool mean;
  __device__ void operator()(std::int64_t, const Pair<Computed<T>>& sums) const {
    *loss = T(mean ? sums.a / sums.b : sums.a);
  }
};

/// loss, log_probabilities -> input, target, [weight]
template <class T>
void cross_entropy(Context& context, const KernelCall& call) {
  using C = Computed<T>;
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View &loss = call.operands[0], &log_p = call.operands[1], &input = call.operands[2];
  const std::int64_t rows = input.dims[0], classes = input.dims[1];
  const Targets<T> targets(call.operands[3], call.operands[4], classes, attributes);
  const bool reduced = attributes.reduction != LossReduction::none;
  const Scratch<C> losses(context, reduced ? rows : 0);
  const CrossEntropyRows<T> all{RowShape(rows, classes, false),
                                data_of<T>(input),
                                input.strides[0],
                                input.strides[1],
                                data_of<T>(log_p),
                                losses.data(),
                                reduced ? nullptr : data_of<T>(loss),
                                context.gpu.faults()};
  launch(context, cross_entropy_rows<T>, all.shape.blocks(), all, targets);
  if (reduced)
    run_sums<Pair<C>>(context, 1, rows, false, LossesAndWeights<T>{losses.data(), targets, {1}},
                      FinishLoss<T>{data_of<T>(loss), attributes.reduction == LossReduction::mean});
}

/// The weights of the rows' targets, or of the classes.
template <class T>
struct Weights {
  static constexpr int operands = 1;
  Targets<T> targets;
  bool of_classes;
  Evenly places;
  __device__ bool start(std::int64_t) const { return of_classes; }
  __device__ Computed<T> value(bool classes, const Offsets<1>& i) const {
    return classes ? targets.weight_of(i[0]) : targets.weight_of_target(targets.of(i[0]));
  }
};

template <class C>
struct Keep {
  C* to;
  __device__ void operator()(std::int64_t, C sum) const { *to = sum; }
};

/// Views [rows, classes] of what there is for each row, and of the classes, for which an offset is the class.
struct ByRowAndClass {
  std::int64_t dims[2], by_gradient[2], by_target[2], by_class[2] = {0, 1};

  ByRowAndClass(std::int64_t rows, std::int64_t classes, std::int64_t gradient_stride, std::int64_t target_stride)
      : dims{rows, classes}, by_gradient{gradient_stride, 0}, by_target{target_stride, 0} {}
  View gradient(const View& g) const { return {g.data, dims, by_gradient, 2, g.dtype}; }
  View target() const { return {nullptr, dims, by_target, 2, DType::int64}; }
  View class_number() const { return {nullptr, dims, by_class, 2, DType::int64}; }
};

/// grad_input -> grad_loss, log_probabilities, target, class. The last is not read: its offset is the class.
template <class T>
struct CrossEntropyGradient {
  T* grad;
  const T *g, *log_p;
  Targets<T> targets;
  const Computed<T>*divisor, *all_weights;  // where there are such
  using C = Computed<T>;
  using Loaded = C;
  __device__ Loaded load(const Offsets<5>& at) const {
    const std::int64_t target = targets.target[at[3]], c = at[4];
    if (!targets.counts(target)) return 0;
    const TargetSlope<T> slope(targets, target, static_cast<C>(g[at[1]]), divisor ? *divisor : C(1),
                               all_weights ? *all_weights : C(0));
    C value = slope.scaled(std::exp(static_cast<C>(log_p[at[2]])));
    if (targets.smoothing != 0) value = slope.smoothed(value, targets.weight_of(c));
    return c == target ? slope.at_target(value) : value;
  }
  __device__ void store(const Offsets<5>& at, Loaded value) const { grad[at[0]] = T(value); }
};

/// grad_input -> grad_loss, log_probabilities, target, [weight]
template <class T>
void cross_entropy_backward(Context& context, const KernelCall& call) {
  using C = Computed<T>;
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View &grad = call.operands[0], &g = call.operands[1], &log_p = call.operands[2];
  const std::int64_t rows = grad.dims[0], classes = grad.dims[1];
  const Targets<T> targets(call.operands[3], call.operands[4], classes, attributes);
  const bool mean = attributes.reduction == LossReduction::mean, smoothed = targets.smoothing != 0;
  const Scratch<C> divisor(context, mean), all_weights(context, smoothed);
  if (mean) run_sums<C>(context, 1, rows, false, Weights<T>{targets, false, {1}}, Keep<C>{divisor.data()});
  if (smoothed) run_sums<C>(context, 1, classes, false, Weights<T>{targets, true, {1}}, Keep<C>{all_weights.data()});
  const ByRowAndClass shape(rows, classes, attributes.reduction == LossReduction::none && g.rank > 0 ? g.strides[0] : 0,
                            targets.target_stride);
  const View row_g = shape.gradient(g), row_target = shape.target(), class_number = shape.class_number();
  run_elementwise<5>(context, {&grad, &row_g, &log_p, &row_target, &class_number},
                     CrossEntropyGradient<T>{data_of<T>(grad), data_of<T>(g), data_of<T>(log_p), targets,
                                             divisor.data(), all_weights.data()});
}

/// The losses of rows, and the weights of their targets.
template <class T>
struct LikelihoodTerms {
  static constexpr int operands = 1;
  const T* x;
  std::int64_t row_stride, stride;
  Targets<T> targets;
  FaultWord* faults;
  Evenly places;
  using C = Computed<T>;
  __device__ int start(std::int64_t) const { return 0; }
  __device__ Pair<C> value(int, const Offsets<1>& row) const {
    const std::int64_t target = targets.of(row[0]);
    if (!targets.counts(target)) {
      if (!targets.ignores(target)) report(faults, Fault::target_out_of_bounds, target);
      return {targets.loss_of_uncounted(target), C(0)};
    }
    const C log_p = static_cast<C>(x[row[0] * row_stride + target * stride]);
    return {targets.loss(target, log_p), targets.weight_of(target)};
  }
};

/// loss -> row. The second is not read: its offset is the row.
template <class T>
struct Likelihoods {
  T* loss;
  LikelihoodTerms<T> terms;
  using Loaded = Computed<T>;
  __device__ Loaded load(const Offsets<2>& at) const { return terms.value(0, Offsets<1>{{at[1]}}).a; }
  __device__ void store(const Offsets<2>& at, Loaded value) const { loss[at[0]] = T(value); }
};

/// loss -> input, target, [weight]
template <class T>
void nll_loss(Context& context, const KernelCall& call) {
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View &loss = call.operands[0], &input = call.operands[1];
  const std::int64_t rows = input.dims[0], one = 1;
  const Targets<T> targets(call.operands[2], call.operands[3], input.dims[1], attributes);
  const LikelihoodTerms<T> terms{data_of<T>(input), input.strides[0],     input.strides[1],
                                 targets,           context.gpu.faults(), {1}};
  if (attributes.reduction != LossReduction::none)
    return run_sums<Pair<Computed<T>>>(context, 1, rows, false, terms,
                                       FinishLoss<T>{data_of<T>(loss), attributes.reduction == LossReduction::mean});
  const View row_number{nullptr, &rows, &one, 1, DType::int64};
  run_elementwise<2>(context, {&loss, &row_number}, Likelihoods<T>{data_of<T>(loss), terms});
}

/// grad_input -> grad_loss, target, class. The last is not read: its offset is the class.
template <class T>
struct LikelihoodGradient {
  T* grad;
  const T* g;
  Targets<T> targets;
  const Computed<T>* divisor;  // null: 1
  using C = Computed<T>;
  using Loaded = C;
  __device__ Loaded load(const Offsets<4>& at) const {
    const std::int64_t target = targets.target[at[2]];
    if (at[3] != target || !targets.counts(target)) return 0;
    return TargetSlope<T>(targets, target, static_cast<C>(g[at[1]]), divisor ? *divisor : C(1), C(0)).at_target(C(0));
  }
  __device__ void store(const Offsets<4>& at, Loaded value) const { grad[at[0]] = T(value); }
};

/// grad_input -> grad_loss, target, [weight]
template <class T>
void nll_loss_backward(Context& context, const KernelCall& call) {
  using C = Computed<T>;
  const auto& attributes = *static_cast<const CrossEntropyAttributes*>(call.attributes);
  const View &grad = call.operands[0], &g = call.operands[1];
  const std::int64_t rows = grad.dims[0], classes = grad.dims[1];
  const Targets<T> targets(call.operands[2], call.operands[3], classes, attributes);
  const bool mean = attributes.reduction == LossReduction::mean;
  const Scratch<C> divisor(context, mean);
  if (mean) run_sums<C>(context, 1, rows, false, Weights<T>{targets, false, {1}}, Keep<C>{divisor.data()});
  const ByRowAndClass shape(rows, classes, attributes.reduction == LossReduction::none && g.rank > 0 ? g.strides[0] : 0,
                            targets.target_stride);
  const View row_g = shape.gradient(g), row_target = shape.target(), class_number = shape.class_number();
  run_elementwise<4>(context, {&grad, &row_g, &row_target, &class_number},
                     LikelihoodGradient<T>{data_of<T>(grad), data_of<T>(g), targets, divisor.data()});
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::cross_entropy, cross_entropy<T>);
    table.set<T>(Operation::cross_entropy_backward, cross_entropy_backward<T>);
    table.set<T>(Operation::nll_loss, nll_loss<T>);
    table.set<T>(Operation::nll_loss_backward, nll_loss_backward<T>);
  }
};

}  // namespace

void add_loss_kernels(KernelTable& table) { for_each_type(FloatTypes{}, Enter{table}); }

}  // namespace cairn::cuda
