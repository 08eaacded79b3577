#include <cairn/io/with_numbers.h>

#include <unordered_map>

#include <cairn/core/deferred.h>
#include <cairn/core/rewrite_tensors.h>
#include <cairn/io/container_source.h>

namespace cairn::io {

WithNumbers::WithNumbers(const Value& value) : value_(value) {
  List foreign;
  visit_tensors(value, [&](const Tensor& tensor) {
    TensorSource* const source = source_of(tensor);
    if (source && !dynamic_cast<ContainerSource*>(source)) foreign.items.push_back(tensor);
  });
  if (foreign.items.empty()) return;
  const Value real = materialize(Value(foreign));
  std::unordered_map<const TensorImpl*, Tensor> made;
  for (std::size_t i = 0; i < foreign.items.size(); ++i)
    made.emplace(foreign.items[i].as_tensor().impl(), real.items()[i].as_tensor());
  read_ = value;
  rewrite_tensors(*read_, [&](const Tensor& tensor) {
    const auto found = made.find(tensor.impl());
    return found == made.end() ? tensor : found->second;
  });
}

}  // namespace cairn::io
