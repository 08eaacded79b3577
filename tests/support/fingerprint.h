// One number for all that a sampler draws: FNV-1a over the numbers of five seeds, row by row, each followed by the
// state that the generator is left in. The numbers expected were made the same way of what PyTorch 2.15 draws.
#pragma once

#include <cstdint>

#include <cairn/core/random.h>

inline std::uint64_t hashed(const cairn::Tensor& tensor, std::uint64_t hash = 0xcbf29ce484222325u) {
  const cairn::Tensor here = tensor.to(cairn::Device()).contiguous();
  const auto* bytes = static_cast<const unsigned char*>(here.raw_data());
  for (std::int64_t i = 0; i < here.nbytes(); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

/// `draw(generator)` returns a tensor.
template <class Draw>
std::uint64_t fingerprint(const Draw& draw) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{42}, std::uint64_t{0xffffffff},
                                   std::uint64_t{12345678901234567}}) {
    const cairn::Generator generator(seed);
    hash = hashed(draw(generator), hash);
    hash = hashed(generator.get_state(), hash);
  }
  return hash;
}

/// Zeros of dimensions that lie otherwise in memory than row by row.
enum class Layout { transposed, every_other, rotated };

inline cairn::Tensor zeros_in(Layout layout, cairn::DType dtype) {
  switch (layout) {
    case Layout::transposed:
      return cairn::zeros({13, 7}, {.dtype = dtype}).t();
    case Layout::every_other:
      return cairn::zeros({5, 24}, {.dtype = dtype}).slice(1, 0, 24, 2);
    default:
      return cairn::zeros({4, 5, 6}, {.dtype = dtype}).permute({2, 0, 1});
  }
}
