#include <cairn/io/labels.h>

#include <string_view>
#include <unordered_map>

namespace cairn::io {

namespace {

std::vector<std::string> paths(const Value& tree, bool escape) {
  std::vector<std::string> paths;
  tree.for_each_tensor([&](const std::string& path, const Tensor&) { paths.push_back(path); }, escape);
  return paths;
}

std::unordered_map<std::string_view, int> counts(const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, int> counts;
  for (const std::string& name : names) ++counts[name];
  return counts;
}

}  // namespace

std::vector<std::string> tensor_labels(const Value& tree) {
  const std::vector<std::string> plain = paths(tree, false);
  const auto alike = counts(plain);
  if (alike.size() == plain.size()) return plain;
  std::vector<std::string> escaped = paths(tree, true), labels = plain;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (alike.at(plain[i]) > 1) labels[i] = escaped[i];
  }
  // A key may hold a backslash, too, and look like what another was escaped to; escaped throughout, no two are alike.
  return counts(labels).size() == labels.size() ? labels : escaped;
}

}  // namespace cairn::io
