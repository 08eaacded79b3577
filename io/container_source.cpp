#include <cairn/io/container_source.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <cairn/core/autograd.h>
#include <cairn/core/backend.h>
#include <cairn/core/parallel.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/io/chunk_reader.h>
#include <cairn/io/destinations.h>
#include <cairn/io/report.h>

namespace cairn::io {

namespace {

constexpr std::uint64_t parallel_from = std::uint64_t{1}
                                        << 20;  // bytes: below, waking threads costs more than it saves

Device device_of(const Tensor& tensor) { return tensor.device(); }

bool is_in_host_memory(const Tensor& tensor) { return backend(device_of(tensor)).host_memory; }

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

Reach reach_of(const Tensor& deferred) {
  const TensorImpl& impl = *deferred.impl();
  std::int64_t reach = impl.numel;
  if (!impl.contiguous && impl.numel > 0) {
    reach = 1;
    for (int d = 0; d < impl.shape.rank(); ++d) reach += (impl.shape[d] - 1) * impl.strides[d];
  }
  const auto element = static_cast<std::uint64_t>(size_of(impl.dtype)), begin = static_cast<std::uint64_t>(impl.offset);
  return {begin * element, (begin + static_cast<std::uint64_t>(reach)) * element};
}

void ContainerSource::verify(std::span<const Tensor> tensors, const Progress& progress) {
  const Index& index = container_.index();
  std::vector<ChunkWanted> wanted;
  Work work{progress};
  for (const Tensor& tensor : tensors) {
    const std::uint32_t blob = index.tensor(static_cast<std::uint32_t>(source_id_of(tensor))).blob;
    const Reach reach = reach_of(tensor);
    if (reach.begin == reach.end) continue;
    for (std::uint64_t chunk = reach.begin / index.chunk_size(); chunk <= (reach.end - 1) / index.chunk_size(); ++chunk)
      wanted.push_back({blob, static_cast<std::uint32_t>(chunk), 0});
  }
  std::sort(wanted.begin(), wanted.end(), [](const ChunkWanted& a, const ChunkWanted& b) {
    return a.blob != b.blob ? a.blob < b.blob : a.chunk < b.chunk;
  });
  wanted.erase(
      std::unique(wanted.begin(), wanted.end(),
                  [](const ChunkWanted& a, const ChunkWanted& b) { return a.blob == b.blob && a.chunk == b.chunk; }),
      wanted.end());
  for (const ChunkWanted& chunk : wanted) work.total += index.chunk(chunk.blob, chunk.chunk).decoded;

  class Checker final : public ChunkUser {
   public:
    Checker(const Index& index, Work& work) : index_(index), work_(work) {}
    std::span<std::byte> place_for(const ChunkWanted&) override { return {}; }
    void take(const ChunkWanted&, std::span<const std::byte>) override {}
    void end(std::span<const ChunkWanted> done) override {
      std::uint64_t bytes = 0;
      for (const ChunkWanted& chunk : done) bytes += index_.chunk(chunk.blob, chunk.chunk).decoded;
      work_.add(bytes);
    }

   private:
    const Index& index_;
    Work& work_;
  } checker(index, work);
  read_chunks(container_, wanted, work.total > parallel_from, checker);
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
    const std::uint32_t blob = index.tensor(static_cast<std::uint32_t>(source_id_of(transfer.from))).blob;
    const Reach reach = reach_of(transfer.from);
    if (transfer.from.is_contiguous() && transfer.to.is_contiguous()) {
      fills.push_back({blob, reach.begin, reach.end, transfer.to, i});
      continue;
    }
    // Strides on either side: through a copy in host memory.
    flush();
    const DType dtype = transfer.from.dtype();
    const Tensor part =
        empty({static_cast<std::int64_t>((reach.end - reach.begin) / size_of(dtype))}, {.dtype = dtype});
    Work aside{{}};
    fill(std::array{Fill{blob, reach.begin, reach.end, part}}, aside);
    work.touch(i);
    transfer.to.copy_(part.as_strided(transfer.from.shape(), transfer.from.strides(), 0));
    work.add(static_cast<std::uint64_t>(transfer.from.nbytes()));
  }
  flush();
}

class ContainerSource::FillUser final : public ChunkUser {
 public:
  FillUser(const Index& index, std::span<const Fill> fills, bool parallel, Work& work)
      : index_(index), fills_(fills), parallel_(parallel), work_(work) {}

  std::span<std::byte> place_for(const ChunkWanted& wanted) override {
    const Fill& fill = fills_[wanted.number];
    const Part part = part_of(wanted);
    if (!parallel_) work_.touch(fill.transfer);
    if (part.size != part.decoded || fill.to.dtype() != index_.dtype(fill.blob) || !is_in_host_memory(fill.to))
      return {};
    return {static_cast<std::byte*>(fill.to.raw_data()) + part.to, part.size};
  }

  void take(const ChunkWanted& wanted, std::span<const std::byte> decoded) override {
    const Fill& fill = fills_[wanted.number];
    const Part part = part_of(wanted);
    if (!parallel_) work_.touch(fill.transfer);
    const std::byte* const from = decoded.data() + part.from;
    const DType dtype = index_.dtype(fill.blob);
    if (fill.to.dtype() != dtype) {
      const auto element = size_of(dtype);
      const auto count = static_cast<std::int64_t>(part.size / element);
      fill.to.detach()
          .view({fill.to.numel()})
          .narrow(0, static_cast<std::int64_t>(part.to / element), count)
          .copy_(from_bytes(from, {count}, dtype));
      return;
    }
    auto* const to = static_cast<std::byte*>(fill.to.raw_data()) + part.to;
    const Backend& device = backend(device_of(fill.to));
    if (device.host_memory) {
      std::memcpy(to, from, part.size);
      return;
    }
    check_status(device.copy_in(device_of(fill.to).index(), to, from, part.size, nullptr), device, device_of(fill.to),
                 "loading a tensor");
  }

  void begin(std::span<const ChunkWanted> next) override {
    // On several threads a window's chunks are begun in any order: all of its transfers count as touched beforehand.
    if (parallel_) work_.touch(fills_[next.back().number].transfer);
  }

  void end(std::span<const ChunkWanted> done) override {
    std::uint64_t bytes = 0;
    for (const ChunkWanted& wanted : done) bytes += part_of(wanted).size;
    work_.add(bytes);
  }

 private:
  /// What a fill wants of a chunk: `size` of its `decoded` bytes, `from` there and `to` in the tensor.
  struct Part {
    std::size_t from, to, size, decoded;
  };
  Part part_of(const ChunkWanted& wanted) const {
    const Fill& fill = fills_[wanted.number];
    const std::uint64_t chunk = wanted.chunk * index_.chunk_size();
    const std::uint64_t decoded = std::min(index_.chunk_size(), index_.blob(wanted.blob).size - chunk);
    const std::uint64_t begin = std::max(fill.begin, chunk), end = std::min(fill.end, chunk + decoded);
    return {static_cast<std::size_t>(begin - chunk), static_cast<std::size_t>(begin - fill.begin),
            static_cast<std::size_t>(end - begin), static_cast<std::size_t>(decoded)};
  }

  const Index& index_;
  std::span<const Fill> fills_;
  bool parallel_;
  Work& work_;
};

void ContainerSource::fill(std::span<const Fill> fills, Work& work) const {
  const std::uint64_t chunk_size = container_.index().chunk_size();
  std::vector<ChunkWanted> wanted;
  wanted.reserve(fills.size());
  std::uint64_t bytes = 0;
  bool host = true;
  for (std::size_t i = 0; i < fills.size(); ++i) {
    const Fill& fill = fills[i];
    if (fill.begin == fill.end) continue;
    bytes += fill.end - fill.begin;
    host = host && is_in_host_memory(fill.to);
    for (std::uint64_t chunk = fill.begin / chunk_size; chunk <= (fill.end - 1) / chunk_size; ++chunk)
      wanted.push_back({fill.blob, static_cast<std::uint32_t>(chunk), i});
  }
  const bool parallel = host && bytes > parallel_from && concurrency() > 1;
  FillUser user(container_.index(), fills, parallel, work);
  read_chunks(container_, wanted, parallel, user);
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
    Reach reach = reach_of(tensor);
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
    const bool alone = wanted.count == 1 && !mapped && tensors[i].strides() == contiguous_strides(tensors[i].shape());
    wanted.base = alone ? empty(tensors[i].shape(), options)
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
    const TensorImpl& deferred = *tensors[i].impl();
    const auto begin = static_cast<std::int64_t>(wanted.begin / size_of(deferred.dtype));
    made[i] =
        wanted.base.as_strided(deferred.shape, deferred.strides, wanted.base.storage_offset() + deferred.offset - begin)
            .detach();
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
