// Which bytes a tensor looks at; which of them the transfers of a load write, and which transfer wins where two write
// the same. Inside core.
//
// Tied parameters are several names of one tensor, and views may overlap in part. As in PyTorch, where a load copies
// one tensor after the other, the last one wins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <cairn/core/deferred.h>

namespace cairn {

/// Bytes of one device's memory, from the first one a tensor looks at to behind the last.
struct MemoryRange {
  Device device;
  std::uintptr_t begin, end;

  static MemoryRange of(const Tensor& tensor);
};

/// Whether two tensors share memory, but not element by element: what is written through one changes what is still to
/// be read through the other.
bool overlap_partly(const Tensor& a, const Tensor& b);

enum class Fate : std::uint8_t {
  wins,     ///< No later transfer touches its bytes; those that win are disjoint.
  partial,  ///< Later transfers overwrite some of its bytes: it must be written before them, in walk order.
  lost,     ///< Later transfers overwrite all of its bytes.
};

class Destinations {
 public:
  explicit Destinations(const std::vector<Transfer>& transfers);

  Fate fate(std::size_t i) const { return fates_[i]; }

  /// Whether the tensor may lie where a transfer writes.
  bool may_overlap(const Tensor& tensor) const;

 private:
  std::vector<Fate> fates_;
  std::vector<MemoryRange> ranges_;  // written, merged and sorted
};

}  // namespace cairn
