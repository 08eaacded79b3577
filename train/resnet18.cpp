#include <cairn/train/resnet18.h>

#include <cairn/core/ops.h>
#include <cairn/nn/init.h>

namespace cairn::train {

namespace {

nn::Conv2dOptions convolution(std::int64_t stride, std::int64_t padding, const OptionalGenerator& generator) {
  return {.stride = stride, .padding = padding, .bias = false, .generator = generator};
}

/// Two blocks, the first of which may halve the image.
std::shared_ptr<nn::Sequential> layer(std::int64_t in, std::int64_t out, std::int64_t stride,
                                      const OptionalGenerator& generator) {
  auto blocks = nn::make<nn::Sequential>();
  blocks->push_back(nn::make<ResNet18::Block>(in, out, stride, generator));
  blocks->push_back(nn::make<ResNet18::Block>(out, out, 1, generator));
  return blocks;
}

}  // namespace

ResNet18::Block::Block(std::int64_t in, std::int64_t out, std::int64_t stride, const OptionalGenerator& generator)
    : conv1(this, "conv1", in, out, 3, convolution(stride, 1, generator)),
      bn1(this, "bn1", out),
      relu(this, "relu", nn::ReLUOptions{.inplace = true}),
      conv2(this, "conv2", out, out, 3, convolution(1, 1, generator)),
      bn2(this, "bn2", out) {
  if (stride == 1 && in == out) return;
  downsample.emplace(this, "downsample");
  (*downsample)->push_back(nn::make<nn::Conv2d>(in, out, 1, convolution(stride, 0, generator)));
  (*downsample)->push_back(nn::make<nn::BatchNorm2d>(out));
}

Tensor ResNet18::Block::forward(const Tensor& x) {
  Tensor y = bn2(conv2(relu(bn1(conv1(x)))));
  return relu(y + (downsample ? (*downsample)(x) : x));
}

ResNet18::ResNet18(const ResNet18Options& options)
    : conv1(this, "conv1", options.channels, options.width, 7, convolution(2, 3, options.generator)),
      bn1(this, "bn1", options.width),
      relu(this, "relu", nn::ReLUOptions{.inplace = true}),
      maxpool(this, "maxpool", 3, MaxPoolingOptions{.stride = 2, .padding = 1}),
      layer1(this, "layer1", layer(options.width, options.width, 1, options.generator)),
      layer2(this, "layer2", layer(options.width, 2 * options.width, 2, options.generator)),
      layer3(this, "layer3", layer(2 * options.width, 4 * options.width, 2, options.generator)),
      layer4(this, "layer4", layer(4 * options.width, 8 * options.width, 2, options.generator)),
      avgpool(this, "avgpool", Size2d(1, 1)),
      fc(this, "fc", 8 * options.width, options.classes, nn::LinearOptions{.generator = options.generator}) {
  for (nn::Module* module : modules()) {
    if (auto* convolution = dynamic_cast<nn::Conv2d*>(module))
      nn::init::kaiming_normal_(convolution->weight, 0, nn::init::FanMode::fan_out, nn::init::Nonlinearity::relu,
                                options.generator);
  }
}

Tensor ResNet18::forward(const Tensor& x) {
  Tensor y = maxpool(relu(bn1(conv1(x))));
  y = layer4(layer3(layer2(layer1(y))));
  return fc(avgpool(y).flatten(1));
}

}  // namespace cairn::train
