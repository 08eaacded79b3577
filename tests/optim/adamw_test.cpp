#include <cairn/optim/adamw.h>

#include "catch.h"
#include "parameters.h"
#include "snapshot.h"

using namespace cairn;
using parameters::parameter;
using parameters::values;

TEST_CASE("AdamW shrinks the weights by lr times weight_decay, whatever the gradients", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::AdamW adamw({parameter({1, 10}, device)}, {.lr = 0.1, .weight_decay = 0.5});
  parameters::set_grads(adamw, 0);
  adamw.step();
  CHECK(values(adamw.parameters()[0]) == std::vector<float>{0.95f, 9.5f});
}

TEST_CASE("AdamW moves as Adam with decoupled decay, bit for bit", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::AdamW adamw({parameter({1, -2}, device)}, {.lr = 0.1, .amsgrad = true});
  optim::Adam adam({parameter({1, -2}, device)},
                   {.lr = 0.1, .weight_decay = 0.01, .amsgrad = true, .decoupled_weight_decay = true});
  for (const float grad : {1.0f, -0.5f, 0.25f}) {
    for (optim::Optimizer* each : {static_cast<optim::Optimizer*>(&adamw), static_cast<optim::Optimizer*>(&adam)}) {
      parameters::set_grads(*each, grad);
      each->step();
    }
  }
  CHECK(values(adamw.parameters()[0]) == values(adam.parameters()[0]));
}

TEST_CASE("its decay stays decoupled: whoever sets or loads another is told, older states do not say") {
  optim::AdamW adamw(parameters::unnamed());
  CHECK_THROWS_WITH(adamw.set_option(0, "decoupled_weight_decay", false),
                    "AdamW: option 'decoupled_weight_decay' is False, expected True");
  CHECK_THROWS_WITH(adamw.load_state_dict(optim::Adam(parameters::unnamed()).state_dict()),
                    Catch::Matchers::Contains("AdamW: option 'decoupled_weight_decay' is False, expected True"));
  Value old = snapshot(adamw.state_dict());
  old["param_groups"].as_list().items[0].as_dict().erase("decoupled_weight_decay");
  adamw.load_state_dict(old);
  CHECK(adamw.option(0, "decoupled_weight_decay").as_bool());
}

TEST_CASE("AdamW prints as PyTorch prints it") {
  CHECK(to_string(optim::AdamW(parameters::unnamed())) ==
        "AdamW (\nParameter Group 0\n    amsgrad: False\n    betas: (0.9, 0.999)\n    capturable: False\n    "
        "decoupled_weight_decay: True\n    differentiable: False\n    eps: 1e-08\n    foreach: None\n    fused: None\n "
        "   lr: 0.001\n    maximize: False\n    weight_decay: 0.01\n)");
}
