#include <cairn/core/operation.h>

#include <array>

namespace cairn {
namespace {

constexpr std::array<std::string_view, operation_count> names = {"neg",
                                                                 "abs",
                                                                 "exp",
                                                                 "log",
                                                                 "sqrt",
                                                                 "rsqrt",
                                                                 "tanh",
                                                                 "sigmoid",
                                                                 "erf",
                                                                 "relu",
                                                                 "neg_backward",
                                                                 "abs_backward",
                                                                 "exp_backward",
                                                                 "log_backward",
                                                                 "sqrt_backward",
                                                                 "rsqrt_backward",
                                                                 "tanh_backward",
                                                                 "sigmoid_backward",
                                                                 "erf_backward",
                                                                 "relu_backward",
                                                                 "add",
                                                                 "sub",
                                                                 "mul",
                                                                 "div",
                                                                 "pow",
                                                                 "maximum",
                                                                 "minimum",
                                                                 "eq",
                                                                 "ne",
                                                                 "lt",
                                                                 "le",
                                                                 "gt",
                                                                 "ge",
                                                                 "logical_and",
                                                                 "logical_or",
                                                                 "logical_xor",
                                                                 "where",
                                                                 "clamp",
                                                                 "fill",
                                                                 "copy",
                                                                 "gather",
                                                                 "scatter_add",
                                                                 "sum",
                                                                 "amax",
                                                                 "amin",
                                                                 "argmax",
                                                                 "argmin",
                                                                 "matmul",
                                                                 "linear",
                                                                 "linear_backward",
                                                                 "softmax",
                                                                 "softmax_backward",
                                                                 "log_softmax",
                                                                 "log_softmax_backward",
                                                                 "cross_entropy",
                                                                 "cross_entropy_backward",
                                                                 "mse_loss",
                                                                 "mse_loss_backward",
                                                                 "batch_norm",
                                                                 "batch_norm_backward",
                                                                 "conv2d",
                                                                 "conv2d_backward",
                                                                 "max_pool2d",
                                                                 "max_pool2d_backward",
                                                                 "avg_pool2d",
                                                                 "avg_pool2d_backward",
                                                                 "sgd_update",
                                                                 "adam_update",
                                                                 "rmsprop_update",
                                                                 "adagrad_update"};
static_assert(!names.back().empty(), "every operation has a name");

}  // namespace

std::string_view name(Operation operation) {
  const auto i = static_cast<std::size_t>(operation);
  return i < operation_count ? names[i] : "unknown operation";
}

}  // namespace cairn
