// Ranges are sorted and swept; only where ranges of different views overlap are single bytes looked at.
#include <cairn/core/destinations.h>

#include <algorithm>
#include <map>
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

}  // namespace

MemoryRange MemoryRange::of(const Tensor& tensor) {
  const auto begin = reinterpret_cast<std::uintptr_t>(tensor.raw_data());
  if (tensor.numel() == 0) return {tensor.device(), begin, begin};
  std::int64_t last = 0;
  for (int i = 0; i < tensor.dim(); ++i) last += (tensor.shape()[i] - 1) * tensor.strides()[i];
  return {tensor.device(), begin, begin + (static_cast<std::uintptr_t>(last) + 1) * size_of(tensor.dtype())};
}

Destinations::Destinations(const std::vector<Transfer>& transfers) : fates_(transfers.size(), Fate::wins) {
  // The same view under several names: the last one wins.
  struct Target {
    MemoryRange range;
    std::size_t transfer;
  };
  std::vector<Target> targets;
  std::map<ViewKey, std::size_t> seen;
  for (std::size_t i = transfers.size(); i-- > 0;) {
    const Tensor& to = transfers[i].to;
    if (to.numel() == 0 || to.device().is_meta()) continue;
    if (seen.try_emplace(ViewKey(to), i).second)
      targets.push_back({MemoryRange::of(to), i});
    else
      fates_[i] = Fate::lost;
  }

  // Different views whose ranges overlap are painted from the last to the first onto a map of their bytes.
  std::sort(targets.begin(), targets.end(),
            [](const Target& a, const Target& b) { return order(a.range) < order(b.range); });
  for (std::size_t first = 0; first < targets.size();) {
    MemoryRange whole = targets[first].range;
    std::size_t last = first + 1;
    for (; last < targets.size() && same_place(targets[last].range, whole) && targets[last].range.begin < whole.end;
         ++last) {
      whole.end = std::max(whole.end, targets[last].range.end);
    }
    ranges_.push_back(whole);
    if (last - first > 1) {
      std::sort(targets.begin() + static_cast<std::ptrdiff_t>(first),
                targets.begin() + static_cast<std::ptrdiff_t>(last),
                [](const Target& a, const Target& b) { return a.transfer > b.transfer; });
      std::vector<bool> painted(whole.end - whole.begin);
      for (std::size_t i = first; i < last; ++i) {
        std::size_t bytes = 0, taken = 0;
        const std::size_t start = targets[i].range.begin - whole.begin;
        for_each_run(transfers[targets[i].transfer].to, [&](std::size_t begin, std::size_t end) {
          const auto from = painted.begin() + static_cast<std::ptrdiff_t>(start + begin);
          const auto to = painted.begin() + static_cast<std::ptrdiff_t>(start + end);
          bytes += end - begin;
          taken += static_cast<std::size_t>(std::count(from, to, true));
          std::fill(from, to, true);
        });
        if (taken > 0) fates_[targets[i].transfer] = taken == bytes ? Fate::lost : Fate::partial;
      }
    }
    first = last;
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
