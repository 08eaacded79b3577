#include <cairn/io/blobs.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/backend.h>
#include <cairn/core/deferred.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/io/container_source.h>

namespace cairn::io {

namespace {

const ContainerSource* file_of(const Tensor& tensor) {
  return static_cast<const ContainerSource*>(source_of(tensor));  // no other source comes here
}

std::uint32_t blob_in_file(const ContainerSource& file, const Tensor& tensor) {
  return file.container().index().tensor(static_cast<std::uint32_t>(source_id_of(tensor))).blob;
}

/// Where a tensor's elements lie in its storage: [begin, end), counted in elements.
struct Extent {
  std::uint64_t begin = 0, end = 0;
  bool dense = true;  ///< Whether it reaches every element in between.
};

Extent extent_of(const TensorImpl& impl) {
  Extent extent{.begin = static_cast<std::uint64_t>(impl.offset)};
  extent.end = extent.begin;
  if (impl.numel == 0) return extent;
  if (impl.contiguous) {
    extent.end += static_cast<std::uint64_t>(impl.numel);
    return extent;
  }
  extent.end += 1;
  std::array<int, Shape::max_rank> order;  // the dimensions that move, the closest steps first
  int moving = 0;
  for (int i = 0; i < impl.shape.rank(); ++i) {
    if (impl.shape[i] == 1 || impl.strides[i] == 0) continue;
    extent.end += static_cast<std::uint64_t>((impl.shape[i] - 1) * impl.strides[i]);
    order[static_cast<std::size_t>(moving++)] = i;
  }
  std::sort(order.begin(), order.begin() + moving, [&](int a, int b) { return impl.strides[a] < impl.strides[b]; });
  std::int64_t expected = 1;
  for (int i = 0; i < moving; ++i) {
    const int dim = order[static_cast<std::size_t>(i)];
    if (impl.strides[dim] != expected) extent.dense = false;
    expected *= impl.shape[dim];
  }
  return extent;
}

/// Tensors of one storage get one number, in the order of their first; returns how many there are.
std::uint32_t number_storages(std::span<const Tensor> tensors, std::vector<std::uint32_t>& number_of) {
  // A storage holds one dtype, unless memory was borrowed twice; a file's storages are its blobs.
  using Identity = std::pair<const void*, std::size_t>;
  const auto identity = [](const Tensor& tensor) {
    if (const ContainerSource* file = file_of(tensor)) return Identity(file, blob_in_file(*file, tensor));
    return Identity(tensor.impl()->storage.get(), static_cast<std::size_t>(tensor.dtype()));
  };
  std::vector<Identity> identities;
  identities.reserve(tensors.size());
  for (const Tensor& tensor : tensors) identities.push_back(identity(tensor));

  // An open table of the first tensor of each storage: no memory for each, as a map would take.
  std::vector<std::uint32_t> first(std::bit_ceil(tensors.size() * 2 + 1), UINT32_MAX);
  const std::size_t mask = first.size() - 1;
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < tensors.size(); ++i) {
    const Identity& key = identities[i];
    const std::uint64_t hash = (reinterpret_cast<std::uintptr_t>(key.first) ^ key.second << 48) * 0x9e3779b97f4a7c15;
    std::size_t slot = (hash ^ hash >> 32) & mask;
    while (first[slot] != UINT32_MAX && identities[first[slot]] != key) slot = (slot + 1) & mask;
    if (first[slot] == UINT32_MAX) {
      first[slot] = i;
      number_of.push_back(count++);
    } else {
      number_of.push_back(number_of[first[slot]]);
    }
  }
  return count;
}

/// One of the ranges that a blob is the union of.
struct Range {
  std::uint64_t begin, end;
  bool full;  ///< Whether every element of it is known to be reached.
};

/// The members of one storage become a blob.
class BlobMaker {
 public:
  BlobMaker(BlobPlan& plan, std::span<const Tensor> tensors) : plan_(plan), tensors_(tensors) {}

  void add(std::span<const std::uint32_t> members) {
    const Tensor& first = tensors_[members[0]];
    const ContainerSource* const file = file_of(first);
    const Storage* const storage = first.impl()->storage.get();
    Blob blob{.dtype = first.dtype(),
              .device = file ? Device() : storage->device(),
              .host_memory = file || storage->backend().host_memory};
    blob.first_segment = static_cast<std::uint32_t>(plan_.segments.size());
    find_ranges(members);
    const std::uint64_t element = size_of(blob.dtype);
    std::uint64_t elements = 0;
    bool full = true;
    for (const Range& range : ranges_) {
      elements += range.end - range.begin;
      full = full && range.full;
    }
    blob.size = elements * element;
    if (full) {
      for (const Range& range : ranges_) {
        const std::uint64_t begin = range.begin * element, size = (range.end - range.begin) * element;
        if (file)
          plan_.segments.push_back({nullptr, size, begin, blob_in_file(*file, first), file});
        else
          plan_.segments.push_back({static_cast<const std::byte*>(storage->data()) + begin, size});
      }
    } else {
      const Tensor copy = copy_of(members, blob.dtype, elements);
      plan_.segments.push_back({static_cast<const std::byte*>(copy.raw_data()), blob.size});
      plan_.copies.push_back(copy);
      blob.device = Device();
      blob.host_memory = true;
    }
    blob.segment_count = static_cast<std::uint32_t>(plan_.segments.size()) - blob.first_segment;
    plan_.total += blob.size;
    plan_.blobs.push_back(blob);
  }

 private:
  void find_ranges(std::span<const std::uint32_t> members) {
    ranges_.clear();
    extents_.clear();
    for (const std::uint32_t member : members) {
      const Extent extent = extent_of(*tensors_[member].impl());
      if (extent.begin != extent.end)
        extents_.push_back({extent, member});
      else
        plan_.offset_of[member] = 0;
    }
    std::sort(extents_.begin(), extents_.end(), [](const Member& a, const Member& b) {
      return a.extent.begin != b.extent.begin ? a.extent.begin < b.extent.begin : a.member < b.member;
    });
    std::uint64_t before = 0, reached = 0;  // elements of earlier ranges; end of what dense members reach in this one
    for (const Member& m : extents_) {
      if (ranges_.empty() || m.extent.begin > ranges_.back().end) {
        if (!ranges_.empty()) before += ranges_.back().end - ranges_.back().begin;
        ranges_.push_back({m.extent.begin, m.extent.begin, true});
        reached = m.extent.begin;
      }
      Range& range = ranges_.back();
      plan_.offset_of[m.member] = before + m.extent.begin - range.begin;
      range.end = std::max(range.end, m.extent.end);
      if (m.extent.dense && m.extent.begin <= reached) reached = std::max(reached, m.extent.end);
      range.full = reached == range.end;
    }
  }

  /// The blob's elements in host memory, those that no tensor reaches zero.
  Tensor copy_of(std::span<const std::uint32_t> members, DType dtype, std::uint64_t elements) const {
    const NoGrad guard;
    const Tensor copy = zeros({static_cast<std::int64_t>(elements)}, {.dtype = dtype});
    for (const std::uint32_t member : members) {
      Tensor part = tensors_[member];
      if (part.numel() == 0) continue;
      for (int i = 0; i < part.dim(); ++i) {
        if (part.strides()[i] == 0) part = part.narrow(i, 0, 1);  // the same element again
      }
      copy.as_strided(part.shape(), part.strides(), static_cast<std::int64_t>(plan_.offset_of[member]))
          .copy_(materialize(part));
    }
    return copy;
  }

  struct Member {
    Extent extent;
    std::uint32_t member;
  };

  BlobPlan& plan_;
  std::span<const Tensor> tensors_;
  std::vector<Range> ranges_;
  std::vector<Member> extents_;
};

}  // namespace

BlobPlan plan_blobs(std::span<const Tensor> tensors) {
  BlobPlan plan;
  plan.blob_of.reserve(tensors.size());
  plan.offset_of.resize(tensors.size());
  const std::uint32_t count = number_storages(tensors, plan.blob_of);
  plan.blobs.reserve(count);
  plan.segments.reserve(count);

  // Tensors by blob, in their order: counted, then placed.
  std::vector<std::uint32_t> start(count + std::size_t{1}), members(tensors.size());
  for (const std::uint32_t blob : plan.blob_of) ++start[blob + std::size_t{1}];
  for (std::size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
  std::vector<std::uint32_t> next(start.begin(), start.end() - 1);
  for (std::size_t i = 0; i < tensors.size(); ++i) members[next[plan.blob_of[i]]++] = static_cast<std::uint32_t>(i);

  BlobMaker maker(plan, tensors);
  for (std::uint32_t blob = 0; blob < count; ++blob)
    maker.add(std::span(members).subspan(start[blob], start[blob + std::size_t{1}] - start[blob]));
  return plan;
}

namespace {

/// Bytes of a file's blob from `begin` on, into `to`.
void read_from_file(const Segment& segment, std::uint64_t begin, std::span<std::byte> to) {
  const Container& container = segment.file->container();
  const std::uint64_t chunk_size = container.index().chunk_size();
  for (begin += segment.begin; !to.empty();) {
    const auto chunk = container.read(segment.blob, begin / chunk_size, thread_scratch()).subspan(begin % chunk_size);
    const std::size_t part = std::min(chunk.size(), to.size());
    std::memcpy(to.data(), chunk.data(), part);
    to = to.subspan(part);
    begin += part;
  }
}

}  // namespace

std::span<const std::byte> BlobPlan::bytes(std::uint32_t blob_number, std::uint64_t offset, std::uint64_t size,
                                           Buffer& scratch) const {
  const Blob& blob = blobs[blob_number];
  const Segment* segment = segments.data() + blob.first_segment;
  for (; offset >= segment->size; ++segment) offset -= segment->size;
  if (segment->data && blob.host_memory && segment->size - offset >= size)
    return {segment->data + offset, static_cast<std::size_t>(size)};

  const std::span<std::byte> all = scratch.get(static_cast<std::size_t>(size));
  for (std::span<std::byte> to = all; !to.empty(); ++segment, offset = 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), segment->size - offset));
    if (segment->file) {
      read_from_file(*segment, offset, to.first(part));
    } else if (blob.host_memory) {
      std::memcpy(to.data(), segment->data + offset, part);
    } else {
      const Backend& device = backend(blob.device);
      check_status(device.copy_out(blob.device.index(), to.data(), segment->data + offset, part, nullptr), device,
                   blob.device, "reading a tensor that is to be saved");
    }
    to = to.subspan(part);
  }
  return all;
}

}  // namespace cairn::io
