// Tensors whose numbers are still somewhere else.
//
// A deferred tensor knows its shape, dtype, recorded device and a source that can write its numbers into a given
// tensor. `io::open` makes a Value of them without reading a number; a load plan (stateful.h) matches them with a
// model's tensors and hands all pairs to the source in one batch, so that a file streams straight into parameters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <cairn/core/progress.h>
#include <cairn/core/reference.h>
#include <cairn/core/tensor.h>
#include <cairn/core/value.h>

namespace cairn {

/// Numbers to move: `to` has the shape of `from`, and any dtype, device and strides. `name` is for messages.
struct Transfer {
  std::string name;
  Tensor from;
  Tensor to;
};

class TensorSource : public Counted {
 public:
  virtual ~TensorSource() = default;
  static void destroy(TensorSource* source) { delete source; }

  /// Whether it reads parts of its tensors: then views of them are deferred tensors as well.
  virtual bool reads_views() const { return false; }

  /// Checks every stored byte of the given deferred tensors of this source; throws FormatError or IoError.
  virtual void verify(std::span<const Tensor> tensors, const Progress& progress) = 0;

  /// Fills every `to`. Checks what it reads before or while writing it; on an error, `done` (if given) holds how many
  /// transfers, counted from the first, may have been written to, the failing one included.
  virtual void read(std::span<const Transfer> batch, const Progress& progress, std::size_t* touched) = 0;

  /// New tensors on their devices holding the numbers of the given deferred ones; tensors that share storage in the
  /// source share it again.
  virtual std::vector<Tensor> materialize(std::span<const Tensor> tensors, const Progress& progress) = 0;
};

/// Which of a source's numbers a deferred tensor is made of, elements counted as the source lays them out. Views of a
/// deferred tensor (narrow, select, transpose, ...) are deferred, too, and differ in this alone: a slice of a large
/// tensor is read without the rest.
struct TensorLayout {
  Shape shape;
  Shape strides;
  std::int64_t offset = 0;
};

/// A deferred tensor. `id` is the source's own name for it.
Tensor make_deferred(Reference<TensorSource> source, std::uint64_t id, const TensorLayout& layout, DType dtype,
                     Device device, bool requires_grad = false);

/// The same of a source that lays out elements row by row.
Tensor make_deferred(Reference<TensorSource> source, std::uint64_t id, const Shape& shape, DType dtype, Device device,
                     bool requires_grad = false);
TensorSource* source_of(const Tensor& tensor);  ///< Null unless deferred.
std::uint64_t source_id_of(const Tensor& tensor);

/// The tree with every deferred tensor replaced by a real one, source by source, each in one batch.
Value materialize(const Value& value, const Progress& progress = {});
Tensor materialize(const Tensor& tensor);

}  // namespace cairn
