#include <cairn/nn/module_list.h>

namespace cairn::nn {

ModuleList ModuleList::slice(std::int64_t start, std::int64_t end) const {
  ModuleList some;
  for (const auto& [name, module] : sliced(start, end)) some.append(module);
  return some;
}

std::string ModuleList::repr() const {
  const SharedModules children = shared_children();
  if (children.empty()) return name() + "()";
  std::string lines;
  for (std::size_t first = 0, next; first < children.size(); first = next) {
    const auto printed = [&](std::size_t i) { return children[i].second ? children[i].second->repr() : "None"; };
    const std::string one = printed(first);
    for (next = first + 1; next < children.size() && printed(next) == one;) ++next;
    lines += next - first == 1 ? text("\n(", first, "): ", one)
                               : text("\n(", first, '-', next - 1, "): ", next - first, " x ", one);
  }
  return name() + '(' + detail::indented(lines) + "\n)";
}

}  // namespace cairn::nn
