#include <cairn/train/cnn.h>

#include <cairn/core/error.h>
#include <cairn/core/ops.h>

namespace cairn::train {

namespace {

nn::Conv2dOptions convolution(const CNNOptions& options) { return {.padding = 1, .generator = options.generator}; }

}  // namespace

CNN::CNN(const CNNOptions& options)
    : conv1(this, "conv1", options.channels, options.filters, 3, convolution(options)),
      norm1(this, "norm1", options.filters),
      conv2(this, "conv2", options.filters, 2 * options.filters, 3, convolution(options)),
      norm2(this, "norm2", 2 * options.filters),
      conv3(this, "conv3", 2 * options.filters, 4 * options.filters, 3, convolution(options)),
      norm3(this, "norm3", 4 * options.filters),
      pool(this, "pool", 2),
      dropout(this, "dropout", nn::DropoutOptions{.p = options.dropout, .generator = options.generator}),
      fc(this, "fc", 4 * options.filters * (options.height / 8) * (options.width / 8), options.classes,
         nn::LinearOptions{.generator = options.generator}) {
  check<ValueError>(options.height >= 8 && options.width >= 8, "CNN: images of ", options.height, " x ", options.width,
                    " are too small to be halved three times; they must have 8 x 8 pixels at least");
}

Tensor CNN::forward(const Tensor& x) {
  Tensor y = pool(relu(norm1(conv1(x))));
  y = pool(relu(norm2(conv2(y))));
  y = pool(relu(norm3(conv3(y))));
  return fc(dropout(y.flatten(1)));
}

}  // namespace cairn::train
