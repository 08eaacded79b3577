// A container as the source of deferred tensors: chunks are read, verified and put where they belong, on several
// threads if there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <cairn/core/deferred.h>
#include <cairn/io/container.h>
#include <cairn/io/destinations.h>
#include <cairn/io/load.h>

namespace cairn::io {

class ContainerSource final : public TensorSource {
 public:
  ContainerSource(Container container, const LoadOptions& options)
      : container_(std::move(container)),
        map_location_(options.map_location.function()),
        restore_location_(options.restore_location) {}

  const Container& container() const { return container_; }

  /// Tensors whose numbers `map_location` is asked about when they are materialised.
  void set_mapped(std::vector<bool> mapped) { mapped_ = std::move(mapped); }

  bool reads_views() const override { return true; }
  void verify(std::span<const Tensor> tensors, const Progress& progress) override;
  void read(std::span<const Transfer> batch, const Progress& progress, std::size_t* touched) override;
  std::vector<Tensor> materialize(std::span<const Tensor> tensors, const Progress& progress) override;

 private:
  /// Bytes [begin, end) of a blob that are to become the elements of a contiguous tensor.
  struct Fill {
    std::uint32_t blob;
    std::uint64_t begin, end;
    Tensor to;
    std::size_t transfer = 0;
  };
  struct Work;       // progress through a batch
  class FillUser;    // puts chunks where fills want them
  struct Materials;  // what `materialize` makes of one blob

  void fill(std::span<const Fill> fills, Work& work) const;
  bool is_mapped(std::uint32_t tensor) const { return !mapped_.empty() && mapped_[tensor]; }
  Tensor map(const Tensor& storage, std::uint32_t tensor) const;

  Container container_;
  MapLocation::Function map_location_;
  RestoreLocation restore_location_;
  std::vector<bool> mapped_;  // empty: none
};

/// Where the elements of a deferred tensor lie in its blob, in bytes.
struct Reach {
  std::uint64_t begin, end;
};
Reach reach_of(const Tensor& deferred);

}  // namespace cairn::io
