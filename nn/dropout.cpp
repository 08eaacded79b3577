#include <cairn/nn/dropout.h>

#include <cairn/core/python_text.h>
#include <cairn/nn/child.h>

namespace cairn::nn {

Dropout::Dropout(const DropoutOptions& options) : p(options.p), inplace(options.inplace), generator(options.generator) {
  check<ValueError>(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", python_float(p));
  detail::remember_type(this);
}

Tensor Dropout::forward(const Tensor& x) {
  return inplace ? dropout_(x, p, training, generator) : dropout(x, p, training, generator);
}

std::string Dropout::extra_repr() const { return text("p=", python_float(p), ", inplace=", Value(inplace)); }

Value Dropout::options() const { return {{"p", p}, {"inplace", inplace}}; }
std::shared_ptr<Dropout> Dropout::from_options(const Value& options) {
  return make<Dropout>(DropoutOptions{.p = options["p"].as_float(), .inplace = options["inplace"].as_bool()});
}

}  // namespace cairn::nn
