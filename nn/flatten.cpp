#include <cairn/nn/child.h>
#include <cairn/nn/flatten.h>

namespace cairn::nn {

Flatten::Flatten(const FlattenOptions& options) : start_dim(options.start_dim), end_dim(options.end_dim) {
  detail::remember_type(this);
}

Tensor Flatten::forward(const Tensor& x) { return x.flatten(start_dim, end_dim); }

std::string Flatten::extra_repr() const { return text("start_dim=", start_dim, ", end_dim=", end_dim); }

Value Flatten::options() const { return {{"start_dim", start_dim}, {"end_dim", end_dim}}; }
std::shared_ptr<Flatten> Flatten::from_options(const Value& options) {
  return make<Flatten>(
      FlattenOptions{static_cast<int>(options["start_dim"].as_int()), static_cast<int>(options["end_dim"].as_int())});
}

}  // namespace cairn::nn
