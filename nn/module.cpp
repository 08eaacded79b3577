// Building the tree, walking it, and what is done to all of it at once.
#include <cairn/nn/module.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/suggest.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/nn/child.h>
#include <cairn/nn/copy_session.h>

namespace cairn::nn {

using detail::MemberKind;

namespace {

/// Calls `f(name, module)` for `module` and all below it, each once, parents first.
void walk_modules(const std::string& name, Module& module, std::unordered_set<const Module*>& seen,
                  const std::function<void(const std::string&, Module&)>& f) {
  if (!seen.insert(&module).second) return;
  f(name, module);
  for (const auto& [child_name, child] : module.named_children()) {
    walk_modules(name.empty() ? child_name : name + "." + child_name, *child, seen, f);
  }
}

std::vector<Tensor> without_names(std::vector<std::pair<std::string, Tensor>> named) {
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

// The table of members.

void Module::check_name(std::string_view name, MemberKind kind) {
  const char* what = kind == MemberKind::parameter ? "parameter" : kind == MemberKind::buffer ? "buffer" : "module";
  if (name.find('.') != name.npos) {
    if (kind == MemberKind::child) throw KeyError(text("module name can't contain \".\", got: ", name));
    throw KeyError(text(what, " name can't contain \".\""));
  }
  check<KeyError>(!name.empty(), what, " name can't be empty string \"\"");
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& each) { return each.name == name; });
  if (row == rows_.end()) return;
  check<KeyError>(!row->present, "attribute '", name, "' already exists");
  rows_.erase(row);  // a copy constructor that makes a member anew, instead of copying it
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
  check_name(name, MemberKind::parameter);
  rows_.push_back(
      {name, MemberKind::parameter, true, 0, std::make_shared<Parameter>(std::move(tensor), requires_grad)});
}

void Module::register_buffer(const std::string& name, Tensor tensor, bool persistent) {
  check_name(name, MemberKind::buffer);
  rows_.push_back({name, MemberKind::buffer, true, 0, std::make_shared<Buffer>(std::move(tensor), persistent)});
}

void Module::register_module(const std::string& name, std::shared_ptr<Module> module) {
  check_name(name, MemberKind::child);
  rows_.push_back({name, MemberKind::child, true, 0, std::make_shared<detail::OwnedChild>(std::move(module))});
}

// Lists.

std::vector<std::pair<std::string, Module*>> Module::named_children() const {
  std::vector<std::pair<std::string, Module*>> found;
  for (const Row& row : rows_) {
    if (row.kind != MemberKind::child || !row.present) continue;
    Module* module = child(row).get();
    const auto same = [&](const auto& each) { return each.second == module; };
    if (module && std::none_of(found.begin(), found.end(), same)) found.emplace_back(row.name, module);
  }
  return found;
}

std::vector<Module*> Module::children() const {
  std::vector<Module*> found;
  for (const auto& [name, module] : named_children()) found.push_back(module);
  return found;
}

std::vector<std::pair<std::string, Module*>> Module::named_modules(const std::string& prefix) const {
  std::vector<std::pair<std::string, Module*>> found;
  std::unordered_set<const Module*> seen;
  walk_modules(prefix, const_cast<Module&>(*this), seen,
               [&](const std::string& name, Module& module) { found.emplace_back(name, &module); });
  return found;
}

std::vector<Module*> Module::modules() const {
  std::vector<Module*> found;
  for (const auto& [name, module] : named_modules()) found.push_back(module);
  return found;
}

std::vector<std::pair<std::string, Tensor>> Module::named_tensors(MemberKind kind, const std::string& prefix,
                                                                  bool recurse) const {
  std::vector<std::pair<std::string, Tensor>> found;
  std::unordered_set<const TensorImpl*> seen;
  const auto visit = [&](const std::string& path, const Module& module) {
    for (const Row& row : module.rows_) {
      if (row.kind != kind || !row.present) continue;
      const Tensor& tensor = kind == MemberKind::parameter ? static_cast<const Tensor&>(module.parameter(row))
                                                           : static_cast<const Tensor&>(module.buffer(row));
      if (!tensor.defined() || !seen.insert(tensor.impl()).second) continue;
      found.emplace_back(path.empty() ? row.name : path + "." + row.name, tensor);
    }
  };
  if (recurse) {
    for (const auto& [path, module] : named_modules(prefix)) visit(path, *module);
  } else {
    visit(prefix, *this);
  }
  return found;
}

std::vector<std::pair<std::string, Tensor>> Module::named_parameters(const std::string& prefix, bool recurse) const {
  return named_tensors(MemberKind::parameter, prefix, recurse);
}
std::vector<std::pair<std::string, Tensor>> Module::named_buffers(const std::string& prefix, bool recurse) const {
  return named_tensors(MemberKind::buffer, prefix, recurse);
}
std::vector<Tensor> Module::parameters(bool recurse) const { return without_names(named_parameters("", recurse)); }
std::vector<Tensor> Module::buffers(bool recurse) const { return without_names(named_buffers("", recurse)); }

Module& Module::get_submodule(const std::string& path) const {
  auto* module = const_cast<Module*>(this);
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    const std::string part = path.substr(start, end - start);
    Module* next = nullptr;
    std::vector<std::string> names;
    for (const Row& row : module->rows_) {
      if (row.kind != MemberKind::child || !row.present) continue;
      names.push_back(row.name);
      if (row.name == part) next = module->child(row).get();
    }
    if (!next) {
      throw KeyError(text(module->name(), " has no attribute `", part, "`"),
                     {.hint = text("of the path \"", path, "\"", describe_keys(part, names))});
    }
    module = next;
    start = end + 1;
  }
  return *module;
}

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
