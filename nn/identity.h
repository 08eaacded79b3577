// What gives back its input: it stands where a module is asked for and nothing is to be done.
#pragma once

#include <cairn/nn/module.h>

namespace cairn::nn {

/// x -> x itself.
class Identity : public Module {
 public:
  Identity();
  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::nn
