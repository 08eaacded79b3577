// The classes of nn that a whole model may be made of: a line for each.
#include <cairn/nn/nn.h>

namespace cairn::nn {

const Registry& Registry::built_in() {
  static const Registry registry = [] {
    Registry made;
    made.add<AdaptiveAvgPool2d>();
    made.add<AvgPool2d>();
    made.add<BCELoss>();
    made.add<BCEWithLogitsLoss>();
    made.add<BatchNorm1d>();
    made.add<BatchNorm2d>();
    made.add<Conv2d>();
    made.add<CrossEntropyLoss>();
    made.add<Dropout>();
    made.add<Embedding>();
    made.add<Flatten>();
    made.add<GELU>();
    made.add<Identity>();
    made.add<L1Loss>();
    made.add<LayerNorm>();
    made.add<LeakyReLU>();
    made.add<Linear>();
    made.add<LogSoftmax>();
    made.add<MSELoss>();
    made.add<MaxPool2d>();
    made.add<ModuleDict>();
    made.add<ModuleList>();
    made.add<NLLLoss>();
    made.add<ParameterList>();
    made.add<ReLU>();
    made.add<Sequential>();
    made.add<Sigmoid>();
    made.add<SmoothL1Loss>();
    made.add<Softmax>();
    made.add<Tanh>();
    return made;
  }();
  return registry;
}

}  // namespace cairn::nn
