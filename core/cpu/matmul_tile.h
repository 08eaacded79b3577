// A tile of C: as many sums as the registers hold, each a chain of multiply-adds over k.
//
//                 b: a row of three packets
//                ┌──────┬──────┬──────┐
//          a  ×  │ sums │ sums │ sums │     k times: load a row of b; for every row of the tile take one number of a,
//          a  ×  │ sums │ sums │ sums │     multiply the row of b by it and add
//          ...   └──────┴──────┴──────┘
//
// The more sums, the less is loaded for each multiply-add, and the more chains hide each other's latency. Rows that are
// left over make tiles of 4, 2 and 1, columns that are left over those of two packets or one.
#pragma once

#include <cairn/core/cpu/matmul.h>
#include <cairn/core/cpu/packet.h>

namespace cairn {

#if defined(__AVX512F__)
inline constexpr int tile_rows = 8, tile_packets = 3;  // 24 registers of sums, 3 of b, 1 of a, of 32
#elif defined(__AVX2__)
inline constexpr int tile_rows = 4, tile_packets = 3;  // 12 of sums, 3 of b, 1 of a, of 16
#else
inline constexpr int tile_rows = 4, tile_packets = 2;  // 8 of sums, 2 of b, 1 of a, 1 for products, of 16
#endif

template <class T>
inline constexpr int tile_columns = tile_packets* Packet<T>::size;

/// How many rows the next tile takes.
inline int tile_height(std::int64_t rows_left) {
  return rows_left >= tile_rows ? tile_rows : rows_left >= 4 ? 4 : rows_left >= 2 ? 2 : 1;
}

/// c = from + a b, over k columns of a and rows of b. Of b, from and c, rows are contiguous and `..._row` apart.
///
/// To be handed over by reference: a copy would read in large pieces what was written in small ones just before, which
/// waits until all that was stored earlier, the last tile's numbers, has reached the cache.
template <class T>
struct TileCall {
  std::int64_t k;
  Matrix<T> a;
  const T* b;
  std::int64_t b_row;
  const T* from;
  std::int64_t from_row;
  T* c;
  std::int64_t c_row;
};

template <int rows, int packets, class T>
[[gnu::noinline]] void tile(const TileCall<T>& call) {
  constexpr int size = Packet<T>::size;
  const T *a = call.a.data, *b = call.b;
  T* const c = call.c;
  const std::int64_t a_row = call.a.row, a_column = call.a.column, b_row = call.b_row, c_row = call.c_row;
  Packet<T> sums[rows][packets];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 3
    for (int q = 0; q < packets; ++q) sums[r][q] = load(call.from + r * call.from_row + q * size);
  }
  for (std::int64_t p = call.k; p > 0; --p, a += a_column, b += b_row) {
    Packet<T> row[packets];
#pragma GCC unroll 3
    for (int q = 0; q < packets; ++q) row[q] = load(b + q * size);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      const Packet<T> factor(a[r * a_row]);
#pragma GCC unroll 3
      for (int q = 0; q < packets; ++q) sums[r][q] = multiply_add(factor, row[q], sums[r][q]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 3
    for (int q = 0; q < packets; ++q) store(c + r * c_row + q * size, sums[r][q]);
  }
}

template <class T>
using Tile = void (*)(const TileCall<T>&);

/// By height: 1, 2, 4, 8; and by packets.
template <class T>
Tile<T> find_tile(int height, int packets) {
  static constexpr Tile<T> tiles[4][3] = {
      {tile<1, 1, T>, tile<1, 2, T>, tile<1, tile_packets, T>},
      {tile<2, 1, T>, tile<2, 2, T>, tile<2, tile_packets, T>},
      {tile<4, 1, T>, tile<4, 2, T>, tile<4, tile_packets, T>},
      {tile<tile_rows, 1, T>, tile<tile_rows, 2, T>, tile<tile_rows, tile_packets, T>}};
  return tiles[height == 8 ? 3 : height / 2][packets - 1];
}

/// A tile of any height that there is; where the last packet of c is not whole, by way of one that is.
template <class T>
void any_tile(int height, std::int64_t columns, const TileCall<T>& call) {
  constexpr int size = Packet<T>::size, width = tile_columns<T>;
  const int packets = static_cast<int>((columns + size - 1) / size);
  const Tile<T> run = find_tile<T>(height, packets);
  if (columns == packets * size) return run(call);
  alignas(64) T whole[tile_rows * width];
  const auto each = [&](auto&& f) {
    for (int r = 0; r < height; ++r)
      for (int j = 0; j < columns; j += size) f(r, j);
  };
  each([&](int r, int j) { store(whole + r * width + j, load(call.from + r * call.from_row + j, 1, columns - j)); });
  run({call.k, call.a, call.b, call.b_row, whole, width, whole, width});
  each([&](int r, int j) { store(call.c + r * call.c_row + j, 1, columns - j, load(whole + r * width + j)); });
}

}  // namespace cairn
