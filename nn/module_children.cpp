// The table of members as a list of children, for containers.
#include <cairn/nn/child.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

using detail::MemberKind;

Module::SharedModules Module::shared_children() const {
  SharedModules found;
  for (const Row& row : rows_)
    if (row.kind == MemberKind::child && row.present) found.emplace_back(row.name, child(row));
  return found;
}

void Module::set_children(const SharedModules& children) {
  const auto is_child = [](const Row& row) { return row.kind == MemberKind::child; };
  for (const Row& row : rows_)
    check<TypeError>(!is_child(row) || row.owned, name(), ": '", row.name,
                     "' is declared as a member of the class, and stays its child");
  const std::vector<Row> before = rows_;
  try {
    std::erase_if(rows_, is_child);
    for (const auto& [name, module] : children) {
      check_free(name);
      register_module(name, module);
    }
  } catch (...) {
    rows_ = before;
    throw;
  }
}

}  // namespace cairn::nn
