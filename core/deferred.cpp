// Deferred tensors: a TensorImpl without storage that knows its source; and how a tree of them becomes real.
#include <cairn/core/deferred.h>

#include <map>
#include <unordered_map>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/error.h>
#include <cairn/core/rewrite_tensors.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/core/value_depth.h>

namespace cairn {

Tensor make_deferred(Reference<TensorSource> source, std::uint64_t id, const Shape& shape, DType dtype, Device device,
                     bool requires_grad) {
  return make_deferred(std::move(source), id, TensorLayout{shape, contiguous_strides(shape)}, dtype, device,
                       requires_grad);
}

Tensor make_deferred(Reference<TensorSource> source, std::uint64_t id, const TensorLayout& layout, DType dtype,
                     Device device, bool requires_grad) {
  check<ValueError>(static_cast<bool>(source), "make_deferred: a deferred tensor needs a source");
  Reference<TensorImpl> impl = TensorImpl::make(layout.shape, layout.strides, dtype, device);
  impl->measure();
  impl->offset = layout.offset;
  impl->requires_grad = requires_grad;
  impl->rare_parts().source = std::move(source);
  impl->rare->source_id = id;
  return Tensor(std::move(impl));
}

TensorSource* source_of(const Tensor& tensor) {
  return tensor.defined() && tensor.is_deferred() ? tensor.impl()->rare->source.get() : nullptr;
}

std::uint64_t source_id_of(const Tensor& tensor) { return tensor.impl()->rare ? tensor.impl()->rare->source_id : 0; }

void visit_tensors(const Value& value, const std::function<void(const Tensor&)>& visit) {
  using Kind = Value::Kind;
  switch (value.kind()) {
    case Kind::tensor:
      return visit(value.as_tensor());
    case Kind::list:
    case Kind::tuple:
    case Kind::set: {
      const ValueDepth deeper("visit");
      for (const Value& item : value.items()) visit_tensors(item, visit);
      return;
    }
    case Kind::dict: {
      const ValueDepth deeper("visit");
      for (const Dict::Entry& entry : value.as_dict()) visit_tensors(entry.second, visit);
      return;
    }
    case Kind::state_dict: {
      const ValueDepth deeper("visit");
      for (const StateDict::Entry& entry : value.as_state_dict()) visit_tensors(entry.second, visit);
      return;
    }
    default:
      return;
  }
}

void rewrite_tensors(Value& value, const std::function<Tensor(const Tensor&)>& replacement) {
  // `value` may be changed, and so may the handles in it.
  visit_tensors(value, [&](const Tensor& tensor) { const_cast<Tensor&>(tensor) = replacement(tensor); });
}

Value materialize(const Value& value, const Progress& progress) {
  // Source by source in order of first occurrence, each tensor once.
  std::vector<std::pair<TensorSource*, std::vector<Tensor>>> batches;
  std::map<const TensorSource*, std::size_t> batch_of;
  std::unordered_map<const TensorImpl*, Tensor> made;
  visit_tensors(value, [&](const Tensor& tensor) {
    TensorSource* const source = source_of(tensor);
    if (!source || !made.try_emplace(tensor.impl()).second) return;
    const auto [place, is_new] = batch_of.try_emplace(source, batches.size());
    if (is_new) batches.emplace_back(source, std::vector<Tensor>());
    batches[place->second].second.push_back(tensor);
  });

  Value whole = value;
  if (batches.empty()) return whole;
  const NoGrad no_grad;
  for (const auto& [source, deferred] : batches) {
    const std::vector<Tensor> real = source->materialize(deferred, progress);
    check<Error>(real.size() == deferred.size(), "materialize: the source gave ", real.size(), " tensors for ",
                 deferred.size());
    for (std::size_t i = 0; i < real.size(); ++i) {
      if (deferred[i].requires_grad() && !real[i].requires_grad()) Tensor(real[i]).requires_grad_();
      if (is_parameter(deferred[i])) set_is_parameter(real[i]);
      made[deferred[i].impl()] = real[i];
    }
  }
  rewrite_tensors(whole, [&](const Tensor& tensor) { return source_of(tensor) ? made.at(tensor.impl()) : tensor; });
  return whole;
}

Tensor materialize(const Tensor& tensor) {
  if (!source_of(tensor)) return tensor;
  return materialize(Value(tensor)).as_tensor();
}

}  // namespace cairn
