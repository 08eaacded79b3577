#include <cairn/train/models.h>

#include <algorithm>

#include <cairn/core/ops.h>

namespace cairn::train {

MLP::MLP(const MLPOptions& options)
    : fc1(this, "fc1", options.inputs, options.hidden, nn::LinearOptions{.generator = options.generator}),
      norm(this, "norm", options.hidden),
      fc2(this, "fc2", options.hidden, options.classes, nn::LinearOptions{.generator = options.generator}) {}

Tensor MLP::forward(const Tensor& x) { return fc2(relu(norm(fc1(x.flatten(1))))); }

std::int64_t suitable_width(std::int64_t inputs) { return std::clamp<std::int64_t>(inputs / 3, 64, 256); }

}  // namespace cairn::train
