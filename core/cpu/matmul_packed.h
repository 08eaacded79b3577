// Products of large matrices, in blocks (after Goto and van de Geijn, "Anatomy of high-performance matrix
// multiplication", 2008).
//
//   for each panel of B                          480 columns of floats, with AVX-512
//     for each 256 of k
//       for each 96 rows of A                    pack them, unless they can be read as they lie
//         for each 3 packets of columns          pack them, the first time
//           for each 8 rows: a tile              registers ← C or start; += a b, k times; C ← registers
//
// So a tile's numbers of B stay in the first cache while the rows go by, and those of the panel and the rows in the
// second. A chain goes on where the last 256 of k left it: blocks change no bit. They are constants, not the caches of
// the machine. With threads, panels are narrower and the rows are dealt out, too.
#pragma once

#include <cairn/core/cpu/kernel.h>
#include <cairn/core/cpu/matmul_tile.h>
#include <cairn/core/cpu/turned.h>

namespace cairn {

inline constexpr std::int64_t block_k = 256, block_rows = 96;
template <class T>
inline constexpr std::int64_t block_columns = 10 * tile_columns<T>;
inline constexpr std::int64_t parallel_size = 1 << 22;  // multiply-adds; takes some 50 microseconds

inline std::int64_t round_up(std::int64_t count, std::int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

/// k rows of `columns` columns of B, row after row, each filled up to whole packets.
template <class T>
[[gnu::noinline]] void pack_b(Matrix<T> b, std::int64_t k, std::int64_t columns, T* packed) {
  constexpr int size = Packet<T>::size, count = turned_count<T>;
  const std::int64_t width = round_up(columns, size);
  for (; columns > 0; columns -= size, b.data += size * b.column, packed += size) {
    std::int64_t p = 0;
    const auto turn = [&](auto&& offset) {
      for (; p + count <= k; p += count) {
        const Turned<T> turned = load_turned<T>([&](int i) { return b.data + p + offset(i); });
        for (int i = 0; i < count; ++i) store(packed + (p + i) * width, turned.at[i]);
      }
    };
    if (b.column == 1 && columns >= size) {
      for (; p < k; ++p) store(packed + p * width, load(b.data + p * b.row));
    } else if (b.row == 1 && columns >= size) {
      turn([&](int i) { return i * b.column; });
    } else if (b.row == 1) {
      const FewLines<T> few(b.column, columns);
      turn([&](int i) { return few.offset[i]; });
    }
    for (; p < k; ++p) store(packed + p * width, load_apart(b.data + p * b.row, b.column, columns));
  }
}

/// Rows of k columns of A, tile after tile, each column after column.
template <class T>
[[gnu::noinline]] void pack_a(Matrix<T> a, std::int64_t rows, std::int64_t k, T* packed) {
  int height = 0;
  for (; rows > 0; rows -= height, a.data += height * a.row, packed += height * k) {
    height = tile_height(rows);
    if (a.row == 1 && height == tile_rows) {
      for (std::int64_t p = 0; p < k; ++p)
        for (int r = 0; r < tile_rows; ++r) packed[p * tile_rows + r] = a.data[p * a.column + r];
    } else {
      for (std::int64_t p = 0; p < k; ++p) {
        for (int r = 0; r < height; r += Packet<T>::size)
          store(packed + p * height + r, 1, height - r,
                load_apart(a.data + p * a.column + r * a.row, a.row, height - r));
      }
    }
  }
}

/// A panel of C: c [m, n] with rows `c_row` apart, n at most block_columns.
template <class T>
void multiply_panel(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, const T* start, T* c,
                    std::int64_t c_row) {
  constexpr int size = Packet<T>::size;
  static constexpr T zeros[tile_columns<T>] = {};
  const std::int64_t depth = at_most(k, block_k);
  const bool read_a = a.column == 1;  // the numbers a tile takes lie side by side for each row
  const bool keep_b = m > block_rows;
  Scratch<T> packed_a(read_a ? 0 : at_most(m, block_rows) * depth);
  Scratch<T> packed_b(round_up(keep_b ? n : at_most(n, tile_columns<T>), size) * depth);
  for (std::int64_t k0 = 0; k0 < k; k0 += block_k) {
    const std::int64_t deep = at_most(k - k0, block_k);
    for (std::int64_t i0 = 0; i0 < m; i0 += block_rows) {
      const std::int64_t rows = at_most(m - i0, block_rows);
      const Matrix<T> left{a.data + i0 * a.row + k0 * a.column, a.row, a.column};
      if (!read_a) pack_a(left, rows, deep, packed_a.data());
      for (std::int64_t j = 0; j < n; j += tile_columns<T>) {
        const std::int64_t columns = at_most(n - j, tile_columns<T>);
        const Matrix<T> right{b.data + k0 * b.row + j * b.column, b.row, b.column};
        const bool read_b = m <= 2 * tile_rows && b.column == 1 && columns % size == 0;
        T* const packed = packed_b.data() + (keep_b ? j * deep : 0);
        if (i0 == 0 && !read_b) pack_b(right, deep, columns, packed);
        TileCall<T> call{.k = deep,
                         .a = {},
                         .b = read_b ? right.data : packed,
                         .b_row = read_b ? b.row : round_up(columns, size),
                         .from = start ? start + j : zeros,
                         .from_row = 0,
                         .c = nullptr,
                         .c_row = c_row};
        int height = 0;
        for (std::int64_t i = 0; i < rows; i += height) {
          height = tile_height(rows - i);
          call.a =
              read_a ? Matrix<T>{left.data + i * a.row, a.row, 1} : Matrix<T>{packed_a.data() + i * deep, 1, height};
          call.c = c + (i0 + i) * c_row + j;
          if (k0 > 0) {
            call.from = call.c;
            call.from_row = c_row;
          }
          any_tile(height, columns, call);
        }
      }
    }
  }
}

/// c [m, n] = start + a b
template <class T>
void packed_matmul(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, const T* start, T* c) {
  std::int64_t rows = m, columns = block_columns<T>;
  const int threads = m * n * k > parallel_size ? cairn_kernel_concurrency() : 1;
  if (threads > 1) {
    const std::int64_t pieces = 4 * threads;
    columns = at_most(columns, round_up((n + pieces - 1) / pieces, tile_columns<T>));
    rows = at_most(m, round_up(m * ((n + columns - 1) / columns) / pieces + 1, block_rows));
  }
  const std::int64_t panels = (n + columns - 1) / columns, count = (m + rows - 1) / rows * panels;
  kernel_parallel_for(count, threads > 1, [&](std::int64_t piece) {
    const std::int64_t i = piece / panels * rows, j = piece % panels * columns;
    multiply_panel(at_most(m - i, rows), at_most(n - j, columns), k, Matrix<T>{a.data + i * a.row, a.row, a.column},
                   Matrix<T>{b.data + j * b.column, b.row, b.column}, start ? start + j : nullptr, c + i * n + j, n);
  });
}

}  // namespace cairn
