#include <cairn/nn/sequential.h>

namespace cairn::nn {

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for_each_child([&](Module* module) {
    if (!module) detail::throw_none_called();
    y = (*module)(y);
  });
  return y;
}

void Sequential::push_back(const std::string& name, AnyModule module) {
  check_free(name);
  register_module(name, module.shared());
}

Sequential Sequential::slice(std::int64_t start, std::int64_t end) const {
  Sequential some;
  some.set_children(sliced(start, end));
  return some;
}

}  // namespace cairn::nn
