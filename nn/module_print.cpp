// How modules print: as PyTorch's do.
#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <ostream>
#include <typeinfo>

#include <cairn/nn/child.h>
#include <cairn/nn/module.h>

namespace cairn::nn {
namespace {

/// "Net" of "app::(anonymous namespace)::Net", "Block<2>" of "app::Block<2>".
std::string without_namespaces(const std::string& name) {
  std::size_t start = 0;
  int depth = 0;  // of angle brackets: what stands in them is no namespace of the class
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<') ++depth;
    if (name[i] == '>') --depth;
    if (depth == 0 && name.compare(i, 2, "::") == 0) start = i + 2;
  }
  return name.substr(start);
}

}  // namespace

std::string detail::indented(std::string_view lines) {
  std::string result;
  for (const char letter : lines) {
    result += letter;
    if (letter == '\n') result += "  ";
  }
  return result;
}

std::string class_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> readable(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                        std::free);
  return without_namespaces(status == 0 ? readable.get() : type.name());
}

std::string Module::name() const { return class_name(typeid(*this)); }

std::string Module::repr() const {
  const std::string extra = extra_repr();
  std::string children;
  for (const Row& row : rows_) {
    if (row.kind != detail::MemberKind::child || !row.present) continue;
    children += "\n  (" + row.name + "): " + (child(row) ? detail::indented(child(row)->repr()) : "None");
  }
  if (children.empty() && extra.find('\n') == extra.npos) return name() + "(" + extra + ")";
  return name() + "(" + (extra.empty() ? "" : "\n  " + detail::indented(extra)) + children + "\n)";
}

std::string to_string(const Module& module) { return module.repr(); }

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << module.repr(); }

}  // namespace cairn::nn
