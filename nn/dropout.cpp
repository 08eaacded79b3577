#include <cairn/nn/dropout.h>

#include <cairn/core/python_text.h>

namespace cairn::nn {

Dropout::Dropout(const DropoutOptions& options) : p(options.p), inplace(options.inplace), generator(options.generator) {
  check<ValueError>(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", python_float(p));
  detail::remember_type(this);
}

Tensor Dropout::forward(const Tensor& x) {
  return inplace ? dropout_(x, p, training, generator) : dropout(x, p, training, generator);
}

std::string Dropout::extra_repr() const {
  return text("p=", python_float(p), ", inplace=", inplace ? "True" : "False");
}

}  // namespace cairn::nn
