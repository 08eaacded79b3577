// The classes of nn that a whole model may be made of: a line for each.
#include <cairn/nn/nn.h>

namespace cairn::nn {

const Registry& Registry::built_in() {
  static const Registry registry = [] {
    Registry made;
    made.add<BatchNorm1d>();
    made.add<CrossEntropyLoss>();
    made.add<Linear>();
    made.add<MSELoss>();
    made.add<ReLU>();
    made.add<Sequential>();
    made.add<Sigmoid>();
    return made;
  }();
  return registry;
}

}  // namespace cairn::nn
