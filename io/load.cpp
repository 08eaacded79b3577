#include <cairn/io/load.h>

#include <utility>
#include <vector>

#include <cairn/core/deferred.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/io/container_source.h>
#include <cairn/io/destinations.h>
#include <cairn/io/tree.h>

namespace cairn::io {

Value open(SourceReference bytes, const OpenOptions& options) {
  auto source = Reference<ContainerSource>::adopt(
      new ContainerSource(Container(std::move(bytes), options.limits, options.generation), options));
  const Container& container = source->container();
  const Index& index = container.index();
  Destinations destinations = find_destinations(container, options);
  source->set_mapped(std::move(destinations.mapped));
  std::vector<Tensor> tensors;
  tensors.reserve(index.tensor_count());
  for (std::uint32_t i = 0; i < index.tensor_count(); ++i) {
    const TensorRecord record = index.tensor(i);
    tensors.push_back(make_deferred(
        Reference<TensorSource>::share(source.get()), i,
        {.shape = index.shape(i), .strides = index.strides(i), .offset = static_cast<std::int64_t>(record.offset)},
        index.dtype(record.blob), destinations.devices[i], (record.flags & flag_requires_grad) != 0));
    if ((record.flags & flag_parameter) != 0) set_is_parameter(tensors.back());
  }
  return decode_tree(index.tree(), tensors, container.source().name(), index.tree_offset(), options.limits);
}

Value open(const std::string& path, const OpenOptions& options) {
  return open(open_source(path, options.access), options);
}

Value open_memory(std::span<const std::byte> bytes, const OpenOptions& options) {
  return open(memory_source(bytes), options);
}

Value load(SourceReference source, const LoadOptions& options) {
  return materialize(open(std::move(source), options), options.progress);
}

Value load(const std::string& path, const LoadOptions& options) {
  return load(open_source(path, options.access), options);
}

Value load_memory(std::span<const std::byte> bytes, const LoadOptions& options) {
  return load(memory_source(bytes), options);
}

}  // namespace cairn::io
