// A source of deferred tensors for tests: numbers in memory, calls counted, faults where a test wants them.
#pragma once

#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include <cairn/core/deferred.h>
#include <cairn/core/error.h>

namespace cairn::testing {

class MemorySource final : public TensorSource {
 public:
  std::vector<Tensor> stored;
  int verified = 0;  // tensors verified so far
  int batches = 0;   // calls to read
  int materialize_calls = 0;
  int materialized = 0;     // tensors asked for by them
  int fail_verify_at = -1;  // the stored tensor whose verification fails
  int fail_read_at = -1;    // the stored tensor whose reading fails, after its target was written to
  std::vector<std::uint64_t> read_order;

  static Reference<MemorySource> make() { return Reference<MemorySource>::adopt(new MemorySource); }
  static void destroy(MemorySource* source) { delete source; }

  /// A deferred tensor that stands for a copy of `numbers`.
  Tensor add(const Tensor& numbers, bool requires_grad = false) {
    stored.push_back(numbers.detach().clone());
    return make_deferred(Reference<TensorSource>::share(this), stored.size() - 1, numbers.shape(), numbers.dtype(),
                         numbers.device(), requires_grad);
  }

  void verify(std::span<const Tensor> tensors, const Progress& progress) override {
    std::uint64_t done = 0;
    for (const Tensor& tensor : tensors) {
      if (static_cast<int>(source_id_of(tensor)) == fail_verify_at) throw FormatError("stored tensor is damaged");
      ++verified;
      report(progress, ++done, tensors.size());
    }
  }

  void read(std::span<const Transfer> batch, const Progress& progress, std::size_t* touched) override {
    ++batches;
    if (touched) *touched = 0;
    for (const Transfer& transfer : batch) {
      const std::uint64_t id = source_id_of(transfer.from);
      if (touched) ++*touched;
      write(stored.at(id), transfer.to);
      read_order.push_back(id);
      if (static_cast<int>(id) == fail_read_at) throw IoError("the disk is gone");
      report(progress, read_order.size(), batch.size());
    }
  }

  std::vector<Tensor> materialize(std::span<const Tensor> tensors, const Progress& progress) override {
    ++materialize_calls;
    materialized += static_cast<int>(tensors.size());
    std::vector<Tensor> made;
    for (const Tensor& tensor : tensors) {
      made.push_back(stored.at(source_id_of(tensor)).clone());
      report(progress, made.size(), tensors.size());
    }
    return made;
  }

 private:
  /// As a file does it: bytes straight into memory where they fit as they are, past copy_ and its version counter.
  static void write(const Tensor& from, const Tensor& to) {
    if (to.dtype() == from.dtype() && to.is_contiguous() && to.device().is_cpu() && from.device().is_cpu() &&
        to.numel() > 0) {
      std::memcpy(to.raw_data(), from.raw_data(), static_cast<std::size_t>(from.nbytes()));
    } else {
      to.copy_(from);
    }
  }

  static void report(const Progress& progress, std::uint64_t done, std::uint64_t total) {
    if (progress && !progress(done, total)) throw Cancelled("cancelled");
  }
};

}  // namespace cairn::testing
