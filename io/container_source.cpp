#include <cairn/io/container_source.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <cairn/core/autograd.h>
#include <cairn/core/backend.h>
#include <cairn/core/parallel.h>
#include <cairn/io/codec.h>
#include <cairn/io/destinations.h>
#include <cairn/io/report.h>

namespace cairn::io {

namespace {

constexpr std::uint64_t parallel_from = std::uint64_t{1}
                                        << 20;  // bytes: below, waking threads costs more than it saves

Device device_of(const Tensor& tensor) { return tensor.device(); }

bool is_in_host_memory(const Tensor& tensor) { return backend(device_of(tensor)).host_memory; }

/// Calls `f(i)` for all i below `count`, on all threads if `parallel`, and `done(begin, end)` now and then in between.
template <class F, class Done>
void for_each_piece(std::size_t count, bool parallel, F&& f, Done&& done) {
  const std::size_t window = parallel ? static_cast<std::size_t>(concurrency()) * 8 : 1;
  for (std::size_t begin = 0; begin < count; begin += window) {
    const std::size_t end = std::min(count, begin + window);
    if (end - begin == 1)
      f(begin);
    else
      parallel_for(static_cast<std::int64_t>(end - begin),
                   [&](std::int64_t i) { f(begin + static_cast<std::size_t>(i)); });
    done(begin, end);
  }
}

}  // namespace

struct ContainerSource::Work {
  const Progress& progress;
  std::uint64_t total = 0, done = 0;
  std::size_t* touched = nullptr;

  void touch(std::size_t transfer) const {
    if (touched) *touched = std::max(*touched, transfer + 1);
  }
  void add(std::uint64_t bytes) {
    done += bytes;
    report(progress, done, total);
  }
};

ContainerSource::Bytes ContainerSource::reach_of(std::uint32_t tensor) const {
  const Index& index = container_.index();
  const TensorRecord record = index.tensor(tensor);
  const std::uint64_t element = size_of(static_cast<DType>(index.blob(record.blob).dtype));
  const Shape shape = index.shape(tensor);
  const std::int64_t numel = shape.numel();
  std::uint64_t reach = static_cast<std::uint64_t>(numel);
  if ((record.flags & flag_strided) != 0 && numel > 0) {
    const Shape strides = index.strides(tensor);
    reach = 1;
    for (int d = 0; d < shape.rank(); ++d) reach += static_cast<std::uint64_t>((shape[d] - 1) * strides[d]);
  }
  return {record.offset * element, (record.offset + reach) * element};
}

void ContainerSource::verify(std::span<const Tensor> tensors, const Progress& progress) {
  struct Piece {
    std::uint32_t blob;
    std::uint64_t chunk;
    auto operator<=>(const Piece&) const = default;
  };
  const Index& index = container_.index();
  std::vector<Piece> pieces;
  Work work{progress};
  for (const Tensor& tensor : tensors) {
    const auto id = static_cast<std::uint32_t>(source_id_of(tensor));
    const Bytes reach = reach_of(id);
    if (reach.begin == reach.end) continue;
    for (std::uint64_t chunk = reach.begin / index.chunk_size(); chunk <= (reach.end - 1) / index.chunk_size(); ++chunk)
      pieces.push_back({index.tensor(id).blob, chunk});
  }
  std::sort(pieces.begin(), pieces.end());
  pieces.erase(std::unique(pieces.begin(), pieces.end()), pieces.end());
  for (const Piece& piece : pieces) work.total += index.chunk(piece.blob, piece.chunk).decoded;
  for_each_piece(
      pieces.size(), work.total > parallel_from,
      [&](std::size_t i) { container_.read(pieces[i].blob, pieces[i].chunk, thread_scratch()); },
      [&](std::size_t begin, std::size_t end) {
        std::uint64_t bytes = 0;
        for (std::size_t i = begin; i < end; ++i) bytes += index.chunk(pieces[i].blob, pieces[i].chunk).decoded;
        work.add(bytes);
      });
}

void ContainerSource::read(std::span<const Transfer> batch, const Progress& progress, std::size_t* touched) {
  const NoGrad guard;
  const Index& index = container_.index();
  Work work{progress, 0, 0, touched};
  if (touched) *touched = 0;
  for (const Transfer& transfer : batch) {
    check<ShapeError>(transfer.from.shape() == transfer.to.shape(), container_.source().name(), ": ", transfer.name,
                      " has shape ", Extents(transfer.from.shape()), ", but is to be read into a tensor of shape ",
                      Extents(transfer.to.shape()));
    work.total += static_cast<std::uint64_t>(transfer.from.nbytes());
  }

  std::vector<Fill> fills;
  fills.reserve(batch.size());
  const auto flush = [&] {
    fill(fills, work);
    fills.clear();
  };
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Transfer& transfer = batch[i];
    if (transfer.to.device().is_meta() || transfer.from.numel() == 0) continue;
    const auto id = static_cast<std::uint32_t>(source_id_of(transfer.from));
    const TensorRecord record = index.tensor(id);
    const Bytes reach = reach_of(id);
    if ((record.flags & flag_strided) == 0 && transfer.to.is_contiguous()) {
      fills.push_back({record.blob, reach.begin, reach.end, transfer.to, i});
      continue;
    }
    // Strides on either side: through a copy in host memory.
    flush();
    const DType dtype = transfer.from.dtype();
    const Tensor part =
        empty({static_cast<std::int64_t>((reach.end - reach.begin) / size_of(dtype))}, {.dtype = dtype});
    Work aside{{}};
    fill(std::array{Fill{record.blob, reach.begin, reach.end, part}}, aside);
    work.touch(i);
    transfer.to.copy_(part.as_strided(index.shape(id), index.strides(id), 0));
    work.add(static_cast<std::uint64_t>(transfer.from.nbytes()));
  }
  flush();
}

void ContainerSource::fill(std::span<const Fill> fills, Work& work) const {
  struct Piece {
    std::size_t fill;
    std::uint64_t chunk;
  };
  const std::uint64_t chunk_size = container_.index().chunk_size();
  std::vector<Piece> pieces;
  pieces.reserve(fills.size());
  std::uint64_t bytes = 0;
  bool host = true;
  for (std::size_t i = 0; i < fills.size(); ++i) {
    const Fill& fill = fills[i];
    if (fill.begin == fill.end) continue;
    bytes += fill.end - fill.begin;
    host = host && is_in_host_memory(fill.to);
    for (std::uint64_t chunk = fill.begin / chunk_size; chunk <= (fill.end - 1) / chunk_size; ++chunk)
      pieces.push_back({i, chunk});
  }
  const bool parallel = host && bytes > parallel_from && concurrency() > 1;
  // With several threads a window's pieces are begun in any order: all of its transfers count as touched beforehand.
  const std::size_t window = parallel ? static_cast<std::size_t>(concurrency()) * 8 : 1;
  for (std::size_t begin = 0; begin < pieces.size(); begin += window) {
    const std::size_t end = std::min(pieces.size(), begin + window);
    const auto carry_out = [&](std::size_t i) {
      const Fill& fill = fills[pieces[i].fill];
      if (!parallel) work.touch(fill.transfer);
      fill_chunk(fill, pieces[i].chunk);
    };
    if (parallel) {
      work.touch(fills[pieces[end - 1].fill].transfer);
      parallel_for(static_cast<std::int64_t>(end - begin),
                   [&](std::int64_t i) { carry_out(begin + static_cast<std::size_t>(i)); });
    } else {
      carry_out(begin);
    }
    std::uint64_t moved = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const Fill& fill = fills[pieces[i].fill];
      moved +=
          std::min(fill.end, (pieces[i].chunk + 1) * chunk_size) - std::max(fill.begin, pieces[i].chunk * chunk_size);
    }
    work.add(moved);
  }
}

void ContainerSource::fill_chunk(const Fill& fill, std::uint64_t chunk) const {
  const Index& index = container_.index();
  const std::uint64_t chunk_begin = chunk * index.chunk_size();
  const std::uint64_t begin = std::max(fill.begin, chunk_begin);
  const std::uint64_t end = std::min(fill.end, chunk_begin + index.chunk_size());
  const auto size = static_cast<std::size_t>(end - begin);
  const std::uint64_t at = begin - fill.begin;
  const auto dtype = static_cast<DType>(index.blob(fill.blob).dtype);
  const Backend& device = backend(device_of(fill.to));
  Scratch& scratch = thread_scratch();

  if (fill.to.dtype() == dtype && device.host_memory) {
    auto* to = static_cast<std::byte*>(fill.to.raw_data()) + at;
    const Index::Chunk entry = index.chunk(fill.blob, chunk);
    if (size == entry.decoded && entry.record.codec != raw_codec.id)
      return container_.read_into(fill.blob, chunk, scratch, {to, size});
    std::memcpy(to, container_.read(fill.blob, chunk, scratch).data() + (begin - chunk_begin), size);
    return;
  }
  const std::byte* from = container_.read(fill.blob, chunk, scratch).data() + (begin - chunk_begin);
  if (fill.to.dtype() == dtype) {
    auto* to = static_cast<std::byte*>(fill.to.raw_data()) + at;
    check_status(device.copy_in(device_of(fill.to).index(), to, from, size, nullptr), device, device_of(fill.to),
                 "loading a tensor");
    return;
  }
  const auto count = static_cast<std::int64_t>(size / size_of(dtype));
  const Tensor part = from_bytes(from, {count}, dtype);
  fill.to.detach().view({fill.to.numel()}).narrow(0, static_cast<std::int64_t>(at / size_of(dtype)), count).copy_(part);
}

/// The part of a blob that is wanted, and the tensor it is read into.
struct ContainerSource::Materials {
  std::uint64_t begin = UINT64_MAX, end = 0;  // in bytes
  std::size_t count = 0;
  std::uint32_t tensor = 0;  // the first that wants it
  Tensor base = {};
};

std::vector<Tensor> ContainerSource::materialize(std::span<const Tensor> tensors, const Progress& progress) {
  const NoGrad guard;
  const Index& index = container_.index();
  std::vector<std::uint32_t> place_of(index.blob_count(), UINT32_MAX);
  std::vector<Materials> materials;
  for (const Tensor& tensor : tensors) {
    const auto id = static_cast<std::uint32_t>(source_id_of(tensor));
    const TensorRecord record = index.tensor(id);
    std::uint32_t& place = place_of[record.blob];
    if (place == UINT32_MAX) {
      place = static_cast<std::uint32_t>(materials.size());
      materials.push_back({.tensor = id});
      if (!is_mapped(id)) require_present(tensor.device());
    }
    Materials& wanted = materials[place];
    Bytes reach = reach_of(id);
    if (is_mapped(id)) reach = {0, index.blob(record.blob).size};  // the function sees whole storages
    wanted.begin = std::min(wanted.begin, reach.begin);
    wanted.end = std::max(wanted.end, reach.end);
    ++wanted.count;
  }

  std::vector<Tensor> made(tensors.size());
  std::vector<Fill> fills;
  fills.reserve(materials.size());
  Work work{progress};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto id = static_cast<std::uint32_t>(source_id_of(tensors[i]));
    const TensorRecord record = index.tensor(id);
    Materials& wanted = materials[place_of[record.blob]];
    if (wanted.base.defined()) continue;
    const DType dtype = tensors[i].dtype();
    const bool mapped = is_mapped(id);
    const TensorOptions options{.dtype = dtype, .device = mapped ? Device() : tensors[i].device()};
    const bool alone = wanted.count == 1 && !mapped && (record.flags & flag_strided) == 0;
    wanted.base = alone ? empty(index.shape(id), options)
                        : empty({static_cast<std::int64_t>((wanted.end - wanted.begin) / size_of(dtype))}, options);
    if (alone) made[i] = wanted.base;
    if (wanted.base.device().is_meta() || wanted.begin == wanted.end) continue;
    fills.push_back({record.blob, wanted.begin, wanted.end, wanted.base});
    work.total += wanted.end - wanted.begin;
  }
  fill(fills, work);
  for (Materials& wanted : materials) {
    if (is_mapped(wanted.tensor)) wanted.base = map(wanted.base, wanted.tensor);
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (made[i].defined()) continue;
    const auto id = static_cast<std::uint32_t>(source_id_of(tensors[i]));
    const TensorRecord record = index.tensor(id);
    const Materials& wanted = materials[place_of[record.blob]];
    const auto offset = static_cast<std::int64_t>(record.offset - wanted.begin / size_of(tensors[i].dtype()));
    made[i] =
        wanted.base.as_strided(index.shape(id), index.strides(id), wanted.base.storage_offset() + offset).detach();
  }
  return made;
}

Tensor ContainerSource::map(const Tensor& storage, std::uint32_t tensor) const {
  const std::string& tag = container_.index().locations()[container_.index().tensor(tensor).location];
  const std::optional<Tensor> result = map_location_(storage, tag);
  if (!result) {
    const Device device = recorded_device(tag, restore_location_);
    require_present(device);
    return device.is_cpu() ? storage : storage.to(device);
  }
  check<ValueError>(result->defined() && result->dtype() == storage.dtype() && result->numel() == storage.numel() &&
                        result->is_contiguous(),
                    "map_location: the function was given a storage of ", storage.numel(), ' ', name(storage.dtype()),
                    " elements (tag \"", tag, "\") and must return one of the same dtype and size, or nothing");
  return *result;
}

}  // namespace cairn::io
