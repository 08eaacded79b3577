// Building the tree, walking it, and what is done to all of it at once.
#include <cairn/nn/module.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/python_text.h>
#include <cairn/core/suggest.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/nn/child.h>
#include <cairn/nn/copy_session.h>

namespace cairn::nn {

using detail::MemberKind;

namespace {

std::string joined(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

/// "a.b" and "c" of "a.b.c".
std::pair<std::string, std::string> split_path(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == path.npos ? std::pair(std::string(), path) : std::pair(path.substr(0, dot), path.substr(dot + 1));
}

std::vector<Tensor> without_names(NamedTensors named) {
  std::vector<Tensor> tensors;
  tensors.reserve(named.size());
  for (auto& [name, tensor] : named) tensors.push_back(std::move(tensor));
  return tensors;
}

}  // namespace

Module::~Module() {
  CopySession::close(this);
  for (const Row& row : rows_) {
    if (row.present && !row.owned) member(row)->offset_ = 0;  // a member that outlives its module leaves it first
  }
}

Tensor Module::forward(const Tensor&) {
  throw TypeError(text("Module [", name(), "] is missing the required \"forward\" function"),
                  {.hint = "override Tensor forward(const Tensor& x), or call the class's own forward"});
}

// Hooks.

ModuleHooks& Module::own_hooks() {
  if (!hooks_) hooks_ = std::make_shared<ModuleHooks>();
  hooks_->module = this;
  return *hooks_;
}

Tensor Module::call_with_hooks(const Tensor& x) { return detail::call_with_hooks(*this, hooks_, x); }

// The table of members.

void Module::check_text(std::string_view name, MemberKind kind) {
  const char* what = kind == MemberKind::parameter ? "parameter" : kind == MemberKind::buffer ? "buffer" : "module";
  if (name.find('.') != name.npos) {
    if (kind == MemberKind::child) throw KeyError(text("module name can't contain \".\", got: ", name));
    throw KeyError(text(what, " name can't contain \".\""));
  }
  check<KeyError>(!name.empty(), what, " name can't be empty string \"\"");
  check<KeyError>(is_utf8(name), what, " name must be text in UTF-8, got: ", python_text(name));
}

/// False only if there is no row of that name: keeps a module of many members from being searched for each.
bool Module::may_have(std::string_view name) const {
  constexpr std::size_t few = 32;
  if (rows_.size() < few) return true;
  if (!names_) {
    names_ = std::make_unique<std::unordered_set<std::string>>();
    for (const Row& row : rows_) names_->insert(row.name);
  }
  return names_->contains(std::string(name));
}

void Module::add_row(Row row) {
  if (names_) names_->insert(row.name);
  rows_.push_back(std::move(row));
}

void Module::check_free(std::string_view name) const {
  check<KeyError>(!row_named(name), "attribute '", name, "' already exists");
}

void Module::check_name(std::string_view name, MemberKind kind) {
  check_text(name, kind);
  if (!may_have(name)) return;
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& each) { return each.name == name; });
  if (row == rows_.end()) return;
  check<KeyError>(!row->present, "attribute '", name, "' already exists");
  rows_.erase(row);  // a copy constructor that makes a member anew, instead of copying it
}

const Module::Row* Module::row_named(std::string_view name) const {
  if (!may_have(name)) return nullptr;
  const auto row =
      std::find_if(rows_.begin(), rows_.end(), [&](const Row& each) { return each.present && each.name == name; });
  return row == rows_.end() ? nullptr : &*row;
}

Module::Row* Module::row_at(std::ptrdiff_t offset) {
  const auto row =
      std::find_if(rows_.rbegin(), rows_.rend(), [&](const Row& each) { return !each.owned && each.offset == offset; });
  return row == rows_.rend() ? nullptr : &*row;
}

void Module::remove_row(std::ptrdiff_t offset) {
  if (const Row* row = row_at(offset)) rows_.erase(rows_.begin() + (row - rows_.data()));
}

detail::Member* Module::member(const Row& row) const {
  if (row.owned) return row.owned.get();
  auto* start = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(this));
  return reinterpret_cast<detail::Member*>(start + row.offset);
}

Parameter& Module::parameter(const Row& row) const { return static_cast<Parameter&>(*member(row)); }
Buffer& Module::buffer(const Row& row) const { return static_cast<Buffer&>(*member(row)); }
const std::shared_ptr<Module>& Module::child(const Row& row) const {
  return static_cast<detail::ChildBase&>(*member(row)).module_;
}

void Module::register_parameter(const std::string& name, Tensor tensor, bool requires_grad) {
  if (const Row* row = row_named(name); row && row->kind == MemberKind::parameter) {
    static_cast<Tensor&>(parameter(*row)) = detail::as_parameter(std::move(tensor), requires_grad);
    return;
  }
  check_name(name, MemberKind::parameter);
  add_row({name, MemberKind::parameter, true, 0, std::make_shared<Parameter>(std::move(tensor), requires_grad)});
}

void Module::register_buffer(const std::string& name, Tensor tensor, bool persistent) {
  if (const Row* row = row_named(name); row && row->kind == MemberKind::buffer) {
    Buffer& known = buffer(*row);
    static_cast<Tensor&>(known) = std::move(tensor);
    known.persistent_ = persistent;
    return;
  }
  check_name(name, MemberKind::buffer);
  add_row({name, MemberKind::buffer, true, 0, std::make_shared<Buffer>(std::move(tensor), persistent)});
}

void Module::put_child(const Row& row, std::shared_ptr<Module> module) {
  auto& slot = static_cast<detail::ChildBase&>(*member(row));
  check<TypeError>(!module || !slot.accepts_ || slot.accepts_(module.get()), "cannot assign '",
                   module ? module->name() : "", "' as child module '", row.name,
                   "' (the class it is declared with, or None, expected)");
  slot.module_ = std::move(module);
}

void Module::register_module(const std::string& name, std::shared_ptr<Module> module) {
  if (const Row* row = row_named(name); row && row->kind == MemberKind::child) {
    put_child(*row, std::move(module));
    return;
  }
  check_name(name, MemberKind::child);
  add_row({name, MemberKind::child, true, 0, std::make_shared<detail::OwnedChild>(std::move(module))});
}

// Lists.

std::vector<std::pair<std::string, Module*>> Module::named_children() const {
  std::vector<std::pair<std::string, Module*>> found;
  std::unordered_set<const Module*> seen;
  for (const Row& row : rows_) {
    if (row.kind != MemberKind::child || !row.present) continue;
    Module* module = child(row).get();
    if (module && seen.insert(module).second) found.emplace_back(row.name, module);
  }
  return found;
}

std::vector<std::pair<std::string, Module*>> Module::child_table() const {
  std::vector<std::pair<std::string, Module*>> found;
  for (const Row& row : rows_) {
    if (row.kind == MemberKind::child && row.present) found.emplace_back(row.name, child(row).get());
  }
  return found;
}

std::vector<Module*> Module::children() const {
  std::vector<Module*> found;
  for (const auto& [name, module] : named_children()) found.push_back(module);
  return found;
}

std::vector<std::pair<std::string, Module*>> Module::named_modules(const std::string& prefix,
                                                                   bool remove_duplicate) const {
  std::vector<std::pair<std::string, Module*>> found;
  std::unordered_set<const Module*> seen;
  const std::function<void(const std::string&, const Module&)> walk = [&](const std::string& path,
                                                                          const Module& module) {
    if (remove_duplicate && !seen.insert(&module).second) return;
    found.emplace_back(path, const_cast<Module*>(&module));
    for (const Row& row : module.rows_) {
      if (row.kind != MemberKind::child || !row.present) continue;
      if (const auto& child = module.child(row)) walk(joined(path, row.name), *child);
    }
  };
  walk(prefix, *this);
  return found;
}

std::vector<Module*> Module::modules() const {
  std::vector<Module*> found;
  for (const auto& [name, module] : named_modules()) found.push_back(module);
  return found;
}

NamedTensors Module::named_tensors(MemberKind kind, const std::string& prefix, bool recurse,
                                   bool remove_duplicate) const {
  NamedTensors found;
  std::unordered_set<const TensorImpl*> seen;
  const auto visit = [&](const std::string& path, const Module& module) {
    for (const Row& row : module.rows_) {
      if (row.kind != kind || !row.present) continue;
      const Tensor& tensor = kind == MemberKind::parameter ? static_cast<const Tensor&>(module.parameter(row))
                                                           : static_cast<const Tensor&>(module.buffer(row));
      if (!tensor.defined() || (remove_duplicate && !seen.insert(tensor.impl()).second)) continue;
      found.emplace_back(joined(path, row.name), tensor);
    }
  };
  if (recurse) {
    for (const auto& [path, module] : named_modules(prefix, remove_duplicate)) visit(path, *module);
  } else {
    visit(prefix, *this);
  }
  return found;
}

NamedTensors Module::named_parameters(const std::string& prefix, bool recurse, bool remove_duplicate) const {
  return named_tensors(MemberKind::parameter, prefix, recurse, remove_duplicate);
}
NamedTensors Module::named_buffers(const std::string& prefix, bool recurse, bool remove_duplicate) const {
  return named_tensors(MemberKind::buffer, prefix, recurse, remove_duplicate);
}
std::vector<Tensor> Module::parameters(bool recurse) const { return without_names(named_parameters("", recurse)); }
std::vector<Tensor> Module::buffers(bool recurse) const { return without_names(named_buffers("", recurse)); }

// By path.

const Module::Row& Module::row_at_path(const std::string& path, const std::string& name) const {
  if (const Row* row = row_named(name)) return *row;
  std::vector<std::string> names;
  for (const Row& row : rows_) names.push_back(row.name);
  throw KeyError(text(this->name(), " has no attribute `", name, "`"),
                 {.hint = text("of the path \"", path, "\"", describe_keys(name, names))});
}

Module& Module::get_submodule(const std::string& path) const {
  const Module* module = this;
  for (std::size_t start = 0; !path.empty() && start <= path.size();) {  // a dot at the end has a name after it: ""
    const std::size_t end = std::min(path.find('.', start), path.size());
    const Row& row = module->row_at_path(path, path.substr(start, end - start));
    check<KeyError>(row.kind == MemberKind::child && module->child(row), "`", row.name, "` is not an nn.Module");
    module = module->child(row).get();
    start = end + 1;
  }
  return const_cast<Module&>(*module);
}

Parameter& Module::get_parameter(const std::string& path) const {
  const auto [parent, name] = split_path(path);
  const Module& module = get_submodule(parent);
  const Row& row = module.row_at_path(path, name);
  check<KeyError>(row.kind == MemberKind::parameter && module.parameter(row).defined(), "`", name,
                  "` is not an nn.Parameter");
  return module.parameter(row);
}

Buffer& Module::get_buffer(const std::string& path) const {
  const auto [parent, name] = split_path(path);
  const Module& module = get_submodule(parent);
  const Row& row = module.row_at_path(path, name);
  check<KeyError>(row.kind == MemberKind::buffer, "`", name, "` is not a buffer");
  return module.buffer(row);
}

void Module::set_submodule(const std::string& path, std::shared_ptr<Module> module, bool strict) {
  check<ValueError>(!path.empty(), "Cannot set the submodule without a target name!");
  const auto [parent, name] = split_path(path);
  Module& above = get_submodule(parent);
  const Row* row = strict ? &above.row_at_path(path, name) : above.row_named(name);
  check<KeyError>(!row || row->kind == MemberKind::child, "`", name, "` is not an nn.Module");
  above.register_module(name, std::move(module));
}

Module& unwrap(Module& module) {
  Module* inner = &module;
  while (Module* next = inner->wrapped()) inner = next;
  return *inner;
}
const Module& unwrap(const Module& module) { return unwrap(const_cast<Module&>(module)); }

// All of it at once.

std::vector<Tensor> Module::all_tensors() const {
  std::vector<Tensor> all = parameters();
  std::unordered_set<const TensorImpl*> seen;
  for (const Tensor& tensor : all) seen.insert(tensor.impl());
  for (Tensor& tensor : buffers()) {
    if (seen.insert(tensor.impl()).second) all.push_back(std::move(tensor));
  }
  return all;
}

template <class F>
void Module::replace_data(F&& f) {
  struct Change {
    Tensor tensor, data, grad;
  };
  std::vector<Change> changes;  // all made before the first is put in place: a failure leaves the module as it was
  for (const Tensor& tensor : all_tensors()) {
    Tensor data = f(tensor.detach());
    if (!data.defined()) continue;
    changes.push_back({tensor, std::move(data), tensor.grad().defined() ? f(tensor.grad().detach()) : Tensor()});
  }
  const NoGrad no_grad;
  for (Change& change : changes) {
    if (change.grad.defined()) change.tensor.set_grad({});
    set_data(change.tensor, change.data);
    if (change.grad.defined()) change.tensor.set_grad(std::move(change.grad));
  }
}

Module& Module::to(Device device) {
  replace_data([&](const Tensor& tensor) {
    if (tensor.device() == device) return Tensor();
    check<DeviceError>(!tensor.device().is_meta(),
                       "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() instead of "
                       "torch.nn.Module.to() when moving module from meta to a different device.");
    return tensor.to(device);
  });
  return *this;
}

Module& Module::to(DType dtype) {
  check<TypeError>(is_floating_point(dtype) || category(dtype) == DTypeCategory::complex,
                   "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=", dtype);
  replace_data([&](const Tensor& tensor) {
    return is_floating_point(tensor.dtype()) && tensor.dtype() != dtype ? tensor.to(dtype) : Tensor();
  });
  return *this;
}

Module& Module::to_empty(Device device) {
  replace_data(
      [&](const Tensor& tensor) { return empty(tensor.shape(), {.dtype = tensor.dtype(), .device = device}); });
  return *this;
}

Module& Module::train(bool mode) {
  for (Module* module : modules()) module->training = mode;
  return *this;
}

Module& Module::requires_grad_(bool on) {
  for (Tensor& parameter : parameters()) parameter.requires_grad_(on);
  return *this;
}

void Module::zero_grad(bool set_to_none) {
  const NoGrad no_grad;
  for (const Tensor& parameter : parameters()) {
    const Tensor grad = parameter.grad();
    if (!grad.defined()) continue;
    if (set_to_none)
      parameter.set_grad({});
    else
      grad.detach().zero_();
  }
}

Module& Module::apply(const std::function<void(Module&)>& f) {
  for (Module* module : children()) module->apply(f);
  f(*this);
  return *this;
}

}  // namespace cairn::nn
