#include <cairn/io/attributes.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/io/attribute_tree.h>
#include <cairn/io/container.h>
#include <cairn/io/format.h>
#include <cairn/io/format_fault.h>
#include <cairn/io/tree.h>

namespace cairn::io {

std::vector<std::byte> encode_attributes(const Attributes& attributes, std::span<const std::string> labels) {
  std::map<std::int64_t, const Dict*> by_number{{file_attributes, &attributes.file}};
  std::map<std::string_view, std::int64_t> numbers;
  if (!attributes.tensors.empty()) {
    for (const std::string& label : labels) numbers.try_emplace(label, static_cast<std::int64_t>(numbers.size()));
  }
  for (const auto& [name, dict] : attributes.tensors) {
    const auto found = numbers.find(name);
    check<KeyError>(found != numbers.end(), "attributes are given for \"", name,
                    "\", but the file holds no tensor of that name");
    by_number[found->second] = &dict;
  }
  Dict tree;
  for (const auto& [number, dict] : by_number) {
    if (!dict->empty()) tree.set(number, *dict);
  }
  std::vector<std::byte> bytes;
  if (tree.empty()) return bytes;
  std::vector<Tensor> tensors;
  encode_tree(tree, bytes, tensors);
  check<ValueError>(tensors.empty(), "attributes cannot hold tensors");
  return bytes;
}

Attributes decode_attributes(const Container& container) {
  Attributes attributes;
  const Index& index = container.index();
  if (index.attributes().empty()) return attributes;
  const auto refuse_them = [&](const char* what) {
    refuse(container.source(), index.attributes_offset(), "attributes", what);
  };
  const Value tree =
      decode_tree(index.attributes(), {}, container.source().name(), index.attributes_offset(), container.limits());
  if (tree.kind() != Value::Kind::dict || tree.as_dict().empty()) refuse_them("they are no dict with something in it");
  std::vector<std::string> labels;
  std::int64_t last = file_attributes - 1;
  for (const auto& [key, value] : tree.as_dict()) {
    if (key.is_text() || key.number() <= last || key.number() >= static_cast<std::int64_t>(index.tensor_count()))
      refuse_them("a key is not the number of a tensor, in order");
    if (value.kind() != Value::Kind::dict || value.as_dict().empty())
      refuse_them("one is no dict with something in it");
    last = key.number();
    if (last >= 0 && labels.empty()) labels = container.labels();
    (last < 0 ? attributes.file : attributes.tensors[labels[static_cast<std::size_t>(last)]]) = value.as_dict();
  }
  return attributes;
}

Attributes attributes(const SourceReference& source) { return decode_attributes(Container(source, {})); }

Attributes attributes(const std::string& path) { return attributes(open_source(path)); }

}  // namespace cairn::io
