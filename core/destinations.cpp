// Ranges are sorted and swept; only where ranges of different views overlap are single bytes looked at.
#include <cairn/core/destinations.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace cairn {
namespace {

using Order = std::tuple<Device::Type, int, std::uintptr_t>;

Order order(const MemoryRange& range) { return {range.device.type(), range.device.index(), range.begin}; }

bool same_place(const MemoryRange& a, const MemoryRange& b) { return a.device == b.device; }

/// Two tensors with the same key look at the same elements in the same order.
struct ViewKey {
  Order place;
  DType dtype;
  std::vector<std::int64_t> layout;

  explicit ViewKey(const Tensor& tensor) : place(order(MemoryRange::of(tensor))), dtype(tensor.dtype()) {
    for (int i = 0; i < tensor.dim(); ++i) {
      if (tensor.shape()[i] == 1) continue;  // extents of 1 make no difference
      layout.push_back(tensor.shape()[i]);
      layout.push_back(tensor.strides()[i]);
    }
  }
  friend auto operator<=>(const ViewKey&, const ViewKey&) = default;
};

/// Calls `f(begin, end)` for the runs of bytes a tensor looks at, counted from its first.
template <class F>
void for_each_run(const Tensor& tensor, F&& f) {
  const auto element = static_cast<std::int64_t>(size_of(tensor.dtype()));
  if (tensor.is_contiguous()) return f(std::size_t{0}, static_cast<std::size_t>(tensor.nbytes()));
  std::vector<std::int64_t> index(static_cast<std::size_t>(tensor.dim()), 0);
  std::int64_t offset = 0;
  for (;;) {
    f(static_cast<std::size_t>(offset * element), static_cast<std::size_t>((offset + 1) * element));
    int dim = tensor.dim() - 1;
    for (; dim >= 0; --dim) {
      auto& i = index[static_cast<std::size_t>(dim)];
      offset += tensor.strides()[dim];
      if (++i < tensor.shape()[dim]) break;
      offset -= i * tensor.strides()[dim];
      i = 0;
    }
    if (dim < 0) return;
  }
}

/// Decides among transfers whose ranges overlap; `group` lists them in walk order, `whole` is the union of their
/// ranges.
void decide(const std::vector<Transfer>& transfers, const std::vector<std::size_t>& group, const MemoryRange& whole,
            std::vector<Fate>& fates) {
  std::set<ViewKey> seen;
  std::vector<std::size_t> distinct;
  for (auto i = group.rbegin(); i != group.rend(); ++i) {
    if (seen.emplace(transfers[*i].to).second)
      distinct.push_back(*i);
    else
      fates[*i] = Fate::lost;
  }
  if (distinct.size() == 1) return;

  std::vector<bool> painted(whole.end - whole.begin);  // the bytes that later transfers write
  for (std::size_t i : distinct) {
    const Tensor& to = transfers[i].to;
    const std::size_t start = MemoryRange::of(to).begin - whole.begin;
    std::size_t bytes = 0, taken = 0;
    for_each_run(to, [&](std::size_t begin, std::size_t end) {
      const auto first = painted.begin() + static_cast<std::ptrdiff_t>(start + begin);
      const auto last = painted.begin() + static_cast<std::ptrdiff_t>(start + end);
      bytes += end - begin;
      taken += static_cast<std::size_t>(std::count(first, last, true));
      std::fill(first, last, true);
    });
    if (taken > 0) fates[i] = taken == bytes ? Fate::lost : Fate::partial;
  }
}

}  // namespace

MemoryRange MemoryRange::of(const Tensor& tensor) {
  const auto begin = reinterpret_cast<std::uintptr_t>(tensor.raw_data());
  if (tensor.numel() == 0) return {tensor.device(), begin, begin};
  std::int64_t last = 0;
  for (int i = 0; i < tensor.dim(); ++i) last += (tensor.shape()[i] - 1) * tensor.strides()[i];
  return {tensor.device(), begin, begin + (static_cast<std::uintptr_t>(last) + 1) * size_of(tensor.dtype())};
}

bool overlap_partly(const Tensor& a, const Tensor& b) {
  if (!a.shares_storage(b) || a.numel() == 0 || b.numel() == 0) return false;
  if (a.storage_offset() == b.storage_offset() && a.shape() == b.shape() && a.strides() == b.strides()) return false;
  const MemoryRange x = MemoryRange::of(a), y = MemoryRange::of(b);
  return x.begin < y.end && y.begin < x.end;
}

Destinations::Destinations(const std::vector<Transfer>& transfers) : fates_(transfers.size(), Fate::wins) {
  struct Target {
    MemoryRange range;
    std::size_t transfer;
  };
  std::vector<Target> targets;
  targets.reserve(transfers.size());
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    const Tensor& to = transfers[i].to;
    if (to.numel() > 0 && !to.device().is_meta()) targets.push_back({MemoryRange::of(to), i});
  }
  std::sort(targets.begin(), targets.end(),
            [](const Target& a, const Target& b) { return order(a.range) < order(b.range); });
  ranges_.reserve(targets.size());
  for (std::size_t first = 0, last; first < targets.size(); first = last) {
    MemoryRange whole = targets[first].range;
    for (last = first + 1; last < targets.size(); ++last) {
      const MemoryRange& next = targets[last].range;
      if (!same_place(next, whole) || next.begin >= whole.end) break;
      whole.end = std::max(whole.end, next.end);
    }
    ranges_.push_back(whole);
    if (last - first == 1) continue;
    std::vector<std::size_t> group;
    for (std::size_t i = first; i < last; ++i) group.push_back(targets[i].transfer);
    std::sort(group.begin(), group.end());
    decide(transfers, group, whole, fates_);
  }
}

bool Destinations::may_overlap(const Tensor& tensor) const {
  const MemoryRange range = MemoryRange::of(tensor);
  // The first range that begins behind this one's start, and the one before it: the only candidates.
  auto next = std::upper_bound(ranges_.begin(), ranges_.end(), range,
                               [](const MemoryRange& a, const MemoryRange& b) { return order(a) < order(b); });
  if (next != ranges_.end() && same_place(*next, range) && next->begin < range.end) return true;
  return next != ranges_.begin() && same_place(*--next, range) && next->end > range.begin;
}

}  // namespace cairn
