// Every operation there is, by number: the rows of the kernel tables.
//
// An elementwise operation is written in elementwise.h and needs nothing but its enumerator here and its name in the
// list there. The others have their front in operations/, their gradient beside it, and a kernel in cpu/. Operands are
// listed as kernels get them: outputs -> inputs, optional ones in brackets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cairn {

enum class Operation : std::uint16_t {
  // elementwise, one input                      y -> x
  neg,
  abs,
  exp,
  log,
  sqrt,
  rsqrt,
  tanh,
  sigmoid,
  erf,
  relu,
  gelu,
  gelu_tanh,
  // their gradients                             grad_x -> grad_y, v       v: the x or y that the slope is computed from
  neg_backward,
  abs_backward,
  exp_backward,
  log_backward,
  sqrt_backward,
  rsqrt_backward,
  tanh_backward,
  sigmoid_backward,
  erf_backward,
  relu_backward,
  gelu_backward,
  gelu_tanh_backward,
  // elementwise, two inputs with broadcasting   y -> a, b
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,
  leaky_relu,  // y -> x, slope
  // whether something holds, likewise           y(bool) -> a, b
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  logical_and,
  logical_or,
  logical_xor,
  // elementwise, three inputs, likewise
  where,                // y -> condition(bool), a, b
  clamp,                // y -> x, low, high
  leaky_relu_backward,  // grad_x -> grad_y, x, slope
  // memory
  fill,         // y ->                        FillAttributes
  copy,         // y -> x                      any dtype to any dtype
  gather,       // y -> x, index(int64)        IndexAttributes; y[.., i, ..] = x[.., index[.., i, ..], ..]
  scatter_add,  // y -> x, index(int64)        IndexAttributes; y[.., index[.., i, ..], ..] += x[.., i, ..]
  // reductions
  sum,     // y -> x                      x: kept dimensions first, then ReduceAttributes::reduced others
  amax,    // y -> x                      likewise; NaN where there is one
  amin,    // y -> x
  argmax,  // y(int64) -> x               over the last dimension; NaN counts as the largest
  argmin,  // y(int64) -> x               likewise; NaN counts as the smallest
  // linear algebra
  matmul,           // y -> a, b                   y [..., m, n], a [..., m, k], b [..., k, n]; strides 0 broadcast
  linear,           // y -> x, weight, [bias]      x [n, in], weight [out, in]
  linear_backward,  // [grad_x], [grad_weight], [grad_bias] -> grad_y, x, weight
  // probabilities, over the last dimension
  softmax,               // y -> x
  softmax_backward,      // grad_x -> grad_y, y
  log_softmax,           // y -> x
  log_softmax_backward,  // grad_x -> grad_y, y
  // losses
  cross_entropy,           // loss, log_probabilities -> input, target, [weight]    CrossEntropyAttributes
  cross_entropy_backward,  // grad_input -> grad_loss, log_probabilities, target, [weight]
  nll_loss,                // loss -> input, target, [weight]                       CrossEntropyAttributes, unsmoothed
  nll_loss_backward,       // grad_input -> grad_loss, target, [weight]
  // losses element by element                  loss -> input, target, ...           ReductionAttributes
  //                                            grad_input -> grad_loss, input, target, ...
  mse_loss,
  mse_loss_backward,
  smooth_l1_loss,
  smooth_l1_loss_backward,
  binary_cross_entropy,  // and weight
  binary_cross_entropy_backward,
  binary_cross_entropy_with_logits,  // and weight, pos_weight
  binary_cross_entropy_with_logits_backward,
  // normalisation
  batch_norm,           // y, mean, inverse_deviation, [running_mean], [running_var] -> x, [weight], [bias]
  batch_norm_backward,  // grad_x, [grad_weight], [grad_bias] -> grad_y, x, mean, inverse_deviation, [weight]
  // images: x [n, channels, height, width], all operands row by row; pooling also of [channels, height, width]
  conv2d,               // y -> x, weight, [bias]                                   Conv2dAttributes
  conv2d_backward,      // [grad_x], [grad_weight], [grad_bias] -> grad_y, x, weight
  max_pool2d,           // y, [indices(int64)] -> x                                 MaxPool2dAttributes
  max_pool2d_backward,  // grad_x -> grad_y, indices(int64)
  avg_pool2d,           // y -> x                                                   AvgPool2dAttributes
  avg_pool2d_backward,  // grad_x -> grad_y
  layer_norm,           // y, mean, inverse_deviation -> x, [weight], [bias]          NormAttributes; x [rows, length]
  layer_norm_backward,  // grad_x, [grad_weight], [grad_bias] -> grad_y, x, mean, inverse_deviation, [weight]
  // optimizers: n parameters in one call, operands grouped by parameter
  sgd_update,      // param, grad, [momentum_buffer]                           SgdAttributes
  adam_update,     // param, grad, exp_avg, exp_avg_sq, [max_exp_avg_sq]       AdamAttributes, n AdamScalars
  rmsprop_update,  // param, grad, square_avg, [momentum_buffer], [grad_avg]   RmspropAttributes
  adagrad_update,  // param, grad, sum                                         AdagradAttributes, n AdagradScalars
  count
};

inline constexpr std::size_t operation_count = static_cast<std::size_t>(Operation::count);

std::string_view name(Operation operation);

/// How many of an operation's operands, from the first, it may write to.
constexpr int output_count(Operation operation) {
  switch (operation) {
    case Operation::cross_entropy:
    case Operation::max_pool2d:
      return 2;
    case Operation::linear_backward:
    case Operation::batch_norm_backward:
    case Operation::conv2d_backward:
    case Operation::layer_norm:
    case Operation::layer_norm_backward:
      return 3;
    case Operation::batch_norm:
      return 5;
    case Operation::sgd_update:
    case Operation::adam_update:
    case Operation::rmsprop_update:
    case Operation::adagrad_update:
      return 1 << 30;  // all of them
    default:
      return 1;
  }
}

}  // namespace cairn
