// Losses element by element (core/elementwise_loss_formulas.h): stored, or added as they are computed, and gradients.
#include <cairn/core/elementwise_loss_formulas.h>
#include <cairn/cuda/elementwise.h>
#include <cairn/cuda/places.h>
#include <cairn/cuda/sum.h>

namespace cairn::cuda {
namespace {

/// The inputs of a loss: input, target and weights.
template <class Loss, class T>
struct LossInputs {
  static constexpr int count = Loss::inputs;
  using X = Number<Computed<T>>;
  const T* data[count];
  X beta;

  LossInputs(const View* views, const ReductionAttributes& attributes) : beta(attributes.beta) {
    for (int k = 0; k < count; ++k) data[k] = data_of<T>(views[k]);
  }

  struct Loaded {
    X in[count];
  };
  /// Where input k is operand `first` + k.
  template <int first, int operands>
  __device__ Loaded load(const Offsets<operands>& at) const {
    Loaded loaded;
    for (int k = 0; k < count; ++k) loaded.in[k] = X(data[k][at[first + k]]);
    return loaded;
  }
};

/// loss -> input, target, ..., without reduction
template <class Loss, class T>
struct EachLoss {
  T* loss;
  LossInputs<Loss, T> inputs;
  static constexpr int operands = Loss::inputs + 1;
  using Loaded = typename LossInputs<Loss, T>::Loaded;
  __device__ Loaded load(const Offsets<operands>& at) const { return inputs.template load<1>(at); }
  __device__ void store(const Offsets<operands>& at, const Loaded& v) const {
    loss[at[0]] = Loss::value(v.in, inputs.beta).template as<T>();
  }
};

template <class Loss, class T>
struct LossTerms {
  static constexpr int operands = Loss::inputs;
  LossInputs<Loss, T> inputs;
  Places<operands> places;
  __device__ int start(std::int64_t) const { return 0; }
  __device__ Computed<T> value(int, const Offsets<operands>& at) const {
    return Loss::value(inputs.template load<0>(at).in, inputs.beta).value;
  }
};

template <class T>
struct FinishLosses {
  T* loss;
  bool mean;
  std::int64_t count;
  __device__ void operator()(std::int64_t, Computed<T> sum) const {
    *loss = T(mean ? sum / static_cast<Computed<T>>(count) : sum);
  }
};

/// Pointers to operands that follow each other.
template <int operands>
struct Pointers {
  const View* at[operands];
  explicit Pointers(const View* views) {
    for (int k = 0; k < operands; ++k) at[k] = views + k;
  }
};

/// loss -> input, target, ...
template <class Loss, class T>
void loss(Context& context, const KernelCall& call) {
  constexpr int inputs = Loss::inputs;
  const auto& attributes = *static_cast<const ReductionAttributes*>(call.attributes);
  const View &loss = call.operands[0], &input = call.operands[1];
  const LossInputs<Loss, T> in(&input, attributes);
  if (attributes.reduction == LossReduction::none)
    return run_elementwise<inputs + 1>(context, Pointers<inputs + 1>(&loss).at,
                                       EachLoss<Loss, T>{data_of<T>(loss), in});
  const std::int64_t count = numel_of(input);
  run_sums<Computed<T>>(context, 1, count, false,
                        LossTerms<Loss, T>{in, Places<inputs>(JoinedDims<inputs>(Pointers<inputs>(&input).at))},
                        FinishLosses<T>{data_of<T>(loss), attributes.reduction == LossReduction::mean, count});
}

/// grad_input -> grad_loss, input, target, ...
template <class Loss, class T>
struct LossGradient {
  T* grad;
  const T* g;
  LossInputs<Loss, T> inputs;
  Number<Computed<T>> share;
  static constexpr int operands = Loss::inputs + 2;
  using Numbers = typename LossInputs<Loss, T>::Loaded;
  struct Loaded {
    Number<Computed<T>> g;
    Numbers numbers;
  };
  __device__ Loaded load(const Offsets<operands>& at) const {
    return {Number<Computed<T>>(g[at[1]]), inputs.template load<2>(at)};
  }
  __device__ void store(const Offsets<operands>& at, const Loaded& v) const {
    grad[at[0]] = (share * Loss::slope(v.numbers.in, inputs.beta) * v.g).template as<T>();
  }
};

/// grad_input -> grad_loss, input, target, ...
template <class Loss, class T>
void loss_backward(Context& context, const KernelCall& call) {
  constexpr int operands = Loss::inputs + 2;
  const auto& attributes = *static_cast<const ReductionAttributes*>(call.attributes);
  const View &grad = call.operands[0], &g = call.operands[1], &input = call.operands[2];
  const Number<Computed<T>> share(share_of_element<Computed<T>>(attributes.reduction, numel_of(input)));
  run_elementwise<operands>(
      context, Pointers<operands>(&grad).at,
      LossGradient<Loss, T>{data_of<T>(grad), data_of<T>(g), LossInputs<Loss, T>(&input, attributes), share});
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::mse_loss, loss<SquaredError, T>);
    table.set<T>(Operation::mse_loss_backward, loss_backward<SquaredError, T>);
    table.set<T>(Operation::smooth_l1_loss, loss<SmoothL1, T>);
    table.set<T>(Operation::smooth_l1_loss_backward, loss_backward<SmoothL1, T>);
    table.set<T>(Operation::binary_cross_entropy, loss<BinaryCrossEntropy, T>);
    table.set<T>(Operation::binary_cross_entropy_backward, loss_backward<BinaryCrossEntropy, T>);
    table.set<T>(Operation::binary_cross_entropy_with_logits, loss<BinaryCrossEntropyWithLogits, T>);
    table.set<T>(Operation::binary_cross_entropy_with_logits_backward, loss_backward<BinaryCrossEntropyWithLogits, T>);
  }
};

}  // namespace

void add_elementwise_loss_kernels(KernelTable& table) { for_each_type(FloatTypes{}, Enter{table}); }

}  // namespace cairn::cuda
