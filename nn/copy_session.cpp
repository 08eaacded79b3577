#include <cairn/nn/copy_session.h>

#include <algorithm>
#include <utility>

#include <cairn/core/storage.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/nn/child.h>
#include <cairn/nn/module.h>

namespace cairn::nn {
namespace {

thread_local std::vector<std::shared_ptr<CopySession>> sessions;

/// Whether the thread is inside the copy of a child, and what is tied in the whole that is being copied.
struct Nesting {
  bool active = false;
  std::shared_ptr<TieMemo> memo;
};
thread_local Nesting nesting;

class Nested {
 public:
  explicit Nested(std::shared_ptr<TieMemo> memo) : before_(std::exchange(nesting, {true, std::move(memo)})) {}
  ~Nested() { nesting = std::move(before_); }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  Nesting before_;
};

Tensor with_flags_of(const Tensor& tensor, Tensor copy) {
  if (tensor.requires_grad()) copy.requires_grad_();
  if (is_parameter(tensor)) set_is_parameter(copy);
  return copy;
}

}  // namespace

Tensor clone_tensor(const Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  return with_flags_of(tensor, tensor.detach().clone());
}

std::shared_ptr<Module> copy_nested(const std::shared_ptr<Module>& module, const std::shared_ptr<TieMemo>& memo) {
  if (!module) return nullptr;
  if (memo) {
    if (auto known = memo->copy(module)) return known;
  }
  const Nested nested(memo);
  auto copy = clone_module(*module);
  if (memo) memo->remember(module.get(), copy);
  return copy;
}

struct TieMemo::Count {
  TieMemo* memo;
  std::unordered_set<const Module*> modules;
  std::unordered_set<const TensorImpl*> tensors;
  std::unordered_map<const Storage*, const TensorImpl*> storages;
};

void TieMemo::walk(const Module& module, Count& count) {
  if (!count.modules.insert(&module).second) {
    count.memo->tied_modules_.insert(&module);
    return;
  }
  for (const Module::Row& row : module.rows_) {
    if (!row.present) continue;
    if (row.kind == detail::MemberKind::child) {
      if (const auto& child = module.child(row)) walk(*child, count);
      continue;
    }
    const Tensor& tensor = row.kind == detail::MemberKind::parameter ? static_cast<const Tensor&>(module.parameter(row))
                                                                     : static_cast<const Tensor&>(module.buffer(row));
    if (!tensor.defined()) continue;
    if (!count.tensors.insert(tensor.impl()).second) {
      count.memo->tied_tensors_.insert(tensor.impl());
    } else if (const Storage* storage = tensor.impl()->storage.get()) {
      if (!count.storages.emplace(storage, tensor.impl()).second) count.memo->tied_storages_.insert(storage);
    }
  }
}

std::shared_ptr<TieMemo> TieMemo::of(const Module& module) {
  auto memo = std::make_shared<TieMemo>();
  Count count{memo.get(), {}, {}, {}};
  walk(module, count);
  const bool tied = !memo->tied_modules_.empty() || !memo->tied_tensors_.empty() || !memo->tied_storages_.empty();
  return tied ? memo : nullptr;
}

Tensor TieMemo::copy(const Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  const TensorImpl* impl = tensor.impl();
  if (const auto known = tensors_.find(impl); known != tensors_.end()) return known->second;

  Tensor made;
  const Storage* storage = impl->storage.get();
  if (tied_storages_.contains(storage)) {
    auto& whole = storages_[storage];
    if (!whole.defined()) {
      const auto count = static_cast<std::int64_t>(storage->size() / size_of(impl->dtype));
      whole = tensor.detach().as_strided({count}, {1}, 0).clone();
    }
    if (whole.dtype() == impl->dtype) {
      made = with_flags_of(tensor, make_alias(whole, impl->shape, impl->strides, impl->offset));
    }
  }
  if (!made.defined()) made = clone_tensor(tensor);
  if (tied_tensors_.contains(impl)) tensors_.emplace(impl, made);
  return made;
}

std::shared_ptr<Module> TieMemo::copy(const std::shared_ptr<Module>& module) {
  const auto known = modules_.find(module.get());
  return known == modules_.end() ? nullptr : known->second;
}

void TieMemo::remember(const Module* module, std::shared_ptr<Module> copy) {
  if (tied_modules_.contains(module)) modules_.emplace(module, std::move(copy));
}

void CopySession::open(Module* destination, const Module* source, Kind kind, std::shared_ptr<TieMemo> memo,
                       std::vector<std::ptrdiff_t> pending) {
  close(destination);
  if (pending.empty()) return;
  auto session = std::make_shared<CopySession>();
  session->destination_ = destination;
  session->source_ = source;
  session->kind_ = kind;
  session->memo_ = std::move(memo);
  session->pending_ = std::move(pending);
  sessions.push_back(session);
  destination->session_ = std::move(session);
}

void CopySession::close(Module* destination) {
  const std::shared_ptr<CopySession> session = std::exchange(destination->session_, nullptr);
  if (!session) return;
  session->destination_ = nullptr;
  std::erase_if(sessions, [](const auto& each) { return each->destination_ == nullptr; });
}

CopySession* CopySession::find(const Module* source, std::ptrdiff_t offset) {
  for (auto session = sessions.rbegin(); session != sessions.rend(); ++session) {
    const CopySession& each = **session;
    if (each.source_ != source || !each.destination_) continue;
    if (std::find(each.pending_.begin(), each.pending_.end(), offset) != each.pending_.end()) return session->get();
  }
  return nullptr;
}

std::shared_ptr<TieMemo> CopySession::memo_for(const Module& module) {
  return nesting.active ? nesting.memo : TieMemo::of(module);
}

Tensor CopySession::copy(const Tensor& tensor) const {
  if (kind_ == Kind::move) return tensor;
  return memo_ ? memo_->copy(tensor) : clone_tensor(tensor);
}

std::shared_ptr<Module> CopySession::copy(const std::shared_ptr<Module>& module) const {
  return kind_ == Kind::move ? module : copy_nested(module, memo_);
}

void CopySession::arrived(std::ptrdiff_t offset) {
  pending_.erase(std::find(pending_.begin(), pending_.end(), offset));
  if (pending_.empty()) close(destination_);
}

}  // namespace cairn::nn
