#include <cairn/optim/adamw.h>

namespace cairn::optim {

AdamW::AdamW(ParameterList parameters, const AdamWOptions& options)
    : AdamW(one_group(std::move(parameters)), options) {}

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options)
    : Adam({.lr = options.lr,
            .betas = options.betas,
            .eps = options.eps,
            .weight_decay = options.weight_decay,
            .amsgrad = options.amsgrad,
            .maximize = options.maximize,
            .decoupled_weight_decay = true,
            .foreach = options.foreach,
            .capturable = options.capturable,
            .differentiable = options.differentiable,
            .fused = options.fused},
           Decay::always_decoupled) {
  add_groups(std::move(groups));
}

}  // namespace cairn::optim
