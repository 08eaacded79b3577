#include <cairn/nn/module_sequence.h>

#include <algorithm>

namespace cairn::nn {
namespace {

template <class Children>
void number(Children& children) {
  for (std::size_t i = 0; i < children.size(); ++i) children[i].first = std::to_string(i);
}

std::size_t place(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  check<IndexError>(index >= -count && index < count, "index ", index, " is out of range");
  return static_cast<std::size_t>(index < 0 ? index + count : index);
}

}  // namespace

ModuleSequence::Iterator::Iterator(const SharedModules& children) {
  for (const auto& [name, module] : children)
    if (module) modules_.push_back(module);
}

std::size_t ModuleSequence::size() const {
  std::size_t count = 0;
  for_each_child([&](Module*) { ++count; });
  return count;
}

std::shared_ptr<Module> ModuleSequence::shared(std::int64_t index) const {
  const SharedModules children = shared_children();
  return children[place(index, children.size())].second;
}

Module& ModuleSequence::operator[](std::int64_t index) const {
  const std::shared_ptr<Module> module = shared(index);
  if (!module) detail::throw_none_called();
  return *module;
}

void ModuleSequence::append(AnyModule module) {
  const std::string name = std::to_string(size());
  check_free(name);
  register_module(name, module.shared());
}

void ModuleSequence::extend(const ModuleSequence& others) {
  SharedModules children = shared_children();
  for (const auto& [name, module] : others.shared_children())
    children.emplace_back(std::to_string(children.size()), module);
  set_children(children);
}

void ModuleSequence::insert(std::int64_t given, AnyModule module) {
  SharedModules children = shared_children();
  const auto count = static_cast<std::int64_t>(children.size());
  check<IndexError>(given >= -count && given <= count, "Index out of range: ", given);
  const std::int64_t index = given < 0 ? given + count : given;
  for (std::int64_t i = count; i-- > index;) {
    const bool at_its_place = children[static_cast<std::size_t>(i)].first == std::to_string(i);
    if (!at_its_place)
      throw KeyError(std::to_string(i), {.hint = "names that are no places cannot follow an insertion"});
  }
  children.insert(children.begin() + index, {"", module.shared()});
  for (auto i = static_cast<std::size_t>(index); i < children.size(); ++i) children[i].first = std::to_string(i);
  set_children(children);
}

void ModuleSequence::set(std::int64_t index, AnyModule module) {
  SharedModules children = shared_children();
  children[place(index, children.size())].second = module.shared();
  set_children(children);
}

std::shared_ptr<Module> ModuleSequence::pop(std::int64_t index) {
  SharedModules children = shared_children();
  const auto taken = children.begin() + static_cast<std::ptrdiff_t>(place(index, children.size()));
  std::shared_ptr<Module> module = std::move(taken->second);
  children.erase(taken);
  number(children);
  set_children(children);
  return module;
}

Module::SharedModules ModuleSequence::sliced(std::int64_t start, std::int64_t end) const {
  const SharedModules children = shared_children();
  const auto count = static_cast<std::int64_t>(children.size());
  const auto within = [&](std::int64_t index) {
    return std::clamp<std::int64_t>(index < 0 ? index + count : index, 0, count);
  };
  const std::int64_t first = within(start), last = std::max(first, within(end));
  return {children.begin() + first, children.begin() + last};
}

}  // namespace cairn::nn
