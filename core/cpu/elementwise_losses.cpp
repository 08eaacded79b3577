// Losses element by element (elementwise_loss_formulas.h): values stored or added up, and gradients.

#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/rows.h>
#include <cairn/core/cpu/sum.h>
#include <cairn/core/elementwise_loss_formulas.h>

namespace cairn {
namespace {

/// The numbers of several operands, a packet of each at a time.
template <class T, int inputs>
struct Operands {
  const T* data[inputs];
  std::int64_t strides[inputs];

  /// `views[k]` is operand `first + k` of the rows.
  template <class R>
  Operands(const View* views, const R& rows, int first) {
    for (int k = 0; k < inputs; ++k) data[k] = data_of<T>(views[k]), strides[k] = rows.stride(first + k);
  }
  [[gnu::always_inline]] void load_at(const std::int64_t* at, std::int64_t i, std::int64_t left,
                                      Packet<T> (&numbers)[inputs]) const {
#pragma GCC unroll 4
    for (int k = 0; k < inputs; ++k) numbers[k] = load(data[k] + at[k] + i * strides[k], strides[k], left);
  }
};

/// Pointers to a view and to those that follow.
template <int operands>
struct Pointers {
  const View* at[operands];
  Pointers(const View& first, const View* rest) : at{&first} {
    for (int k = 1; k < operands; ++k) at[k] = rest + k - 1;
  }
};

/// loss -> input, target, ...
template <class Loss, class T>
void loss(const KernelCall& call) {
  constexpr int inputs = Loss::inputs;
  const auto& attributes = *static_cast<const ReductionAttributes*>(call.attributes);
  const View &loss = call.operands[0], &input = call.operands[1];
  const std::int64_t count = numel_of(input);
  const bool reduced = attributes.reduction != LossReduction::none;
  Scratch<T> values(reduced ? count : 0);
  T* to = reduced ? values.data() : data_of<T>(loss);
  // The values lie row by row like the loss of reduction none, whatever the inputs' strides.
  std::int64_t strides[64], stride = 1;
  for (int d = input.rank - 1; d >= 0; --d) {
    strides[d] = stride;
    stride *= input.dims[d];
  }
  const View flat{to, input.dims, strides, input.rank, input.dtype, 1};
  const Rows<inputs + 1> rows(Pointers<inputs + 1>(flat, &input).at);
  const Operands<T, inputs> operands(&input, rows, 1);
  const std::int64_t so = rows.stride(0);
  const Packet<T> beta(attributes.beta);
  rows.run([&](const std::int64_t(&at)[inputs + 1], std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += Packet<T>::size) {
      Packet<T> in[inputs];
      operands.load_at(at + 1, i, n - i, in);
      store(to + at[0] + i * so, so, n - i, Loss::value(in, beta));
    }
  });
  if (!reduced) return;
  const T sum = sum_of<T>(count, [&](std::int64_t i) { return values[i]; });
  *data_of<T>(loss) = attributes.reduction == LossReduction::mean ? sum / static_cast<T>(count) : sum;
}

/// grad_input -> grad_loss, input, target, ...
template <class Loss, class T>
void loss_backward(const KernelCall& call) {
  constexpr int inputs = Loss::inputs;
  const auto& attributes = *static_cast<const ReductionAttributes*>(call.attributes);
  const View &grad = call.operands[0], &g = call.operands[1], &input = call.operands[2];
  const Rows<inputs + 2> rows(Pointers<inputs + 2>(grad, &g).at);
  const Operands<T, inputs> operands(&input, rows, 2);
  T* to = data_of<T>(grad);
  const T* from = data_of<T>(g);
  const std::int64_t so = rows.stride(0), sg = rows.stride(1);
  const Packet<T> beta(attributes.beta), share(share_of_element<T>(attributes.reduction, numel_of(input)));
  rows.run([&](const std::int64_t(&at)[inputs + 2], std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += Packet<T>::size) {
      Packet<T> in[inputs];
      operands.load_at(at + 2, i, n - i, in);
      store(to + at[0] + i * so, so, n - i, share * Loss::slope(in, beta) * load(from + at[1] + i * sg, sg, n - i));
    }
  });
}

}  // namespace

void add_elementwise_loss_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    using enum Operation;
    table.set<T>(mse_loss, loss<SquaredError, T>);
    table.set<T>(mse_loss_backward, loss_backward<SquaredError, T>);
    table.set<T>(smooth_l1_loss, loss<SmoothL1, T>);
    table.set<T>(smooth_l1_loss_backward, loss_backward<SmoothL1, T>);
    table.set<T>(binary_cross_entropy, loss<BinaryCrossEntropy, T>);
    table.set<T>(binary_cross_entropy_backward, loss_backward<BinaryCrossEntropy, T>);
    table.set<T>(binary_cross_entropy_with_logits, loss<BinaryCrossEntropyWithLogits, T>);
    table.set<T>(binary_cross_entropy_with_logits_backward, loss_backward<BinaryCrossEntropyWithLogits, T>);
  });
}

}  // namespace cairn
