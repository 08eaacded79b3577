// Copying, moving and cloning modules. copy_session.h explains how the members follow.
#include <algorithm>
#include <utility>

#include <cairn/nn/child.h>
#include <cairn/nn/copy_session.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

using detail::MemberKind;

/// The table of a copy of `other`. What is known only at run time is copied here; the distances of declared members,
/// which copy themselves later, are added to `pending`.
std::vector<Module::Row> Module::copied_rows(const Module& other, const std::shared_ptr<TieMemo>& memo,
                                             std::vector<std::ptrdiff_t>& pending) const {
  std::vector<Row> rows;
  rows.reserve(other.rows_.size());
  for (const Row& row : other.rows_) {
    if (!row.present) continue;
    Row copy{row.name, row.kind, row.owned != nullptr, row.offset, nullptr};
    const auto tensor = [&](const Tensor& original) { return memo ? memo->copy(original) : clone_tensor(original); };
    if (!row.owned) {
      pending.push_back(row.offset);
    } else if (row.kind == MemberKind::parameter) {
      copy.owned = std::make_shared<Parameter>(tensor(other.parameter(row)));
    } else if (row.kind == MemberKind::buffer) {
      copy.owned = std::make_shared<Buffer>(tensor(other.buffer(row)), other.buffer(row).persistent());
    } else {
      copy.owned = std::make_shared<detail::OwnedChild>(copy_nested(other.child(row), memo));
    }
    rows.push_back(std::move(copy));
  }
  return rows;
}

Module::Module(const Module& other)
    : Stateful(other), training(other.training), copy_type_(other.copy_type_), copy_function_(other.copy_function_) {
  copy_hooks(other);
  const auto memo = CopySession::memo_for(other);
  std::vector<std::ptrdiff_t> pending;
  rows_ = copied_rows(other, memo, pending);
  CopySession::open(this, &other, CopySession::Kind::copy, memo, std::move(pending));
}

Module::Module(Module&& other)
    : Stateful(other), training(other.training), copy_type_(other.copy_type_), copy_function_(other.copy_function_) {
  hooks_ = std::move(other.hooks_);
  if (hooks_) hooks_->module = this;
  std::vector<std::ptrdiff_t> pending;
  rows_.reserve(other.rows_.size());
  for (Row& row : other.rows_) {
    if (!row.present) continue;
    if (!row.owned) pending.push_back(row.offset);
    rows_.push_back({row.name, row.kind, row.owned != nullptr, row.offset, std::move(row.owned)});
  }
  std::erase_if(other.rows_, [](const Row& row) { return row.present && !row.owned && row.offset == 0; });
  CopySession::open(this, &other, CopySession::Kind::move, nullptr, std::move(pending));
}

Module& Module::operator=(const Module& other) {
  if (this == &other) return *this;
  const auto memo = CopySession::memo_for(other);
  std::vector<std::ptrdiff_t> pending;
  std::vector<Row> rows = copied_rows(other, memo, pending);
  for (const Row& row : rows_) {
    if (row.owned || !row.present) continue;
    const auto same = std::find_if(rows.begin(), rows.end(),
                                   [&](const Row& each) { return !each.owned && each.offset == row.offset; });
    if (same != rows.end())
      same->present = true;
    else
      rows.push_back(row);  // an optional member that `other` lacks: it leaves by itself
  }
  CopySession::open(this, &other, CopySession::Kind::assign, memo, std::move(pending));
  rows_ = std::move(rows);
  names_ = nullptr;
  training = other.training;
  copy_hooks(other);
  return *this;
}

/// A copy has the hooks of the original; each module's handles remove its own.
void Module::copy_hooks(const Module& other) {
  hooks_ = other.hooks_ ? std::make_shared<ModuleHooks>(*other.hooks_) : nullptr;
  if (hooks_) hooks_->module = this;
}

std::shared_ptr<Module> clone_module(const Module& module) {
  if (!module.copy_function_ || *module.copy_type_ != typeid(module)) {
    throw TypeError(text("clone: how ", module.name(), " is copied is not known here"),
                    {.hint = "make it with nn::make, or declare a member in it, or clone it as its own class"});
  }
  return module.copy_function_(module);
}

detail::OwnedChild::OwnedChild(std::shared_ptr<Module> module) { module_ = std::move(module); }

void detail::throw_none_called() {
  throw TypeError("'NoneType' object is not callable", {.hint = "this nn::Child holds no module: assign one to it"});
}

}  // namespace cairn::nn
