#include <cairn/nn/sequential.h>

namespace cairn::nn {

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for_each_child([&](Module* module) {
    if (module) y = (*module)(y);
  });
  return y;
}

void Sequential::push_back(const std::string& name, std::shared_ptr<Module> module) {
  check_free(name);
  register_module(name, std::move(module));
}

std::size_t Sequential::size() const {
  std::size_t count = 0;
  for_each_child([&](Module*) { ++count; });
  return count;
}

Module& Sequential::operator[](std::int64_t index) const {
  const auto count = static_cast<std::int64_t>(size());
  check<IndexError>(index >= -count && index < count, "index ", index, " is out of range");
  Module* found = nullptr;
  std::int64_t left = index < 0 ? index + count : index;
  for_each_child([&](Module* module) {
    if (left-- == 0) found = module;
  });
  return *found;
}

}  // namespace cairn::nn
