#include <cairn/io/salvage.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include <cairn/core/autograd.h>
#include <cairn/core/error.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/io/container.h>
#include <cairn/io/report.h>
#include <cairn/io/tree.h>

namespace cairn::io {

namespace {

/// The newest state whose commit record and index are whole.
Container newest_whole(const SourceReference& source, const Limits& limits) {
  std::string found;
  for (std::uint64_t end = source->size();;) {
    const std::optional<Commit> commit = last_commit(*source, end);
    if (!commit) break;
    try {
      return Container(source, limits, *commit);
    } catch (const FormatError& error) {
      if (found.empty()) found = error.message();
    }
    end = commit->offset;
  }
  throw FormatError(
      text(source->name(), ": nothing can be salvaged: ",
           found.empty() ? "it holds no commit record, and so no index that says what its bytes are" : found),
      {.file = source->name()});
}

}  // namespace

Salvaged salvage(const SourceReference& source, const VerifyOptions& options) {
  check<ValueError>(source != nullptr, "salvage: no source was given");
  const Container container = newest_whole(source, options.limits);
  const Index& index = container.index();
  Salvaged salvaged;
  salvaged.generation = container.commit().record.generation;
  salvaged.behind = source->size() - container.commit().end();

  const NoGrad guard;
  std::vector<Tensor> blobs;
  std::uint64_t done = 0;
  for (std::uint32_t blob = 0; blob < index.blob_count(); ++blob) {
    const std::uint64_t size = index.blob(blob).size;
    blobs.push_back(
        empty({static_cast<std::int64_t>(size / size_of(index.dtype(blob)))}, {.dtype = index.dtype(blob)}));
    for (std::uint64_t chunk = 0; chunk < index.chunk_count(blob); ++chunk) {
      const Index::Chunk entry = index.chunk(blob, chunk);
      auto* const to = static_cast<std::byte*>(blobs.back().raw_data()) + chunk * index.chunk_size();
      try {
        std::memcpy(to, container.read(blob, chunk, thread_scratch()).data(), static_cast<std::size_t>(entry.decoded));
      } catch (const Error& error) {
        std::memset(to, 0, static_cast<std::size_t>(entry.decoded));
        salvaged.missing.push_back(
            {entry.record.offset, entry.record.stored, "chunk", container.name_of_blob(blob), error.message()});
      }
      report(options.progress, done += entry.decoded, index.decoded_size());
    }
  }
  std::vector<Tensor> tensors;
  for (std::uint32_t i = 0; i < index.tensor_count(); ++i) {
    const TensorRecord record = index.tensor(i);
    Tensor tensor = blobs[record.blob]
                        .as_strided(index.shape(i), index.strides(i), static_cast<std::int64_t>(record.offset))
                        .detach();
    if ((record.flags & flag_requires_grad) != 0) tensor.requires_grad_();
    if ((record.flags & flag_parameter) != 0) set_is_parameter(tensor);
    tensors.push_back(std::move(tensor));
  }
  salvaged.value = decode_tree(index.tree(), tensors, source->name(), index.tree_offset(), options.limits);
  std::sort(salvaged.missing.begin(), salvaged.missing.end(),
            [](const Damage& a, const Damage& b) { return a.offset < b.offset; });
  return salvaged;
}

Salvaged salvage(const std::string& path, const VerifyOptions& options) { return salvage(open_source(path), options); }

}  // namespace cairn::io
