// An image as the matrix that a convolution multiplies by, a panel of its columns at a time.
//
//   a row of the matrix      a channel and a tap of the kernel: what that tap sees, place after place
//   a column                 a place of the result: what the kernel sees there
//   a panel                  the columns of a few neighbouring rows of the result, of several images where those are
//                            small: no more than the caches hold, never the matrix as a whole
//
// First the part of the image that a panel sees is copied with its border of zeros, every `step`-th number side by
// side:
//
//   source  a b c d e     step 2, one number of padding     band  0 b d │ a c e
//
// Then what any tap sees of a row of the result is a run of that copy, and the matrix is filled by packets: one that
// reaches beyond its run is overwritten by the next run.
#pragma once

#include <cairn/core/cpu/kernel.h>
#include <cairn/core/cpu/matmul_packed.h>

namespace cairn {

/// One direction: tap t sees source[place * step + first + t * gap] at a place, 0 where there is no such number.
struct Axis {
  std::int64_t places, source, taps, step, first, gap;

  std::int64_t lowest() const { return first + (gap < 0 && taps > 0 ? (taps - 1) * gap : 0); }
  std::int64_t offset(std::int64_t tap) const { return first + tap * gap - lowest(); }  // from the lowest
  /// How much of the source `count` neighbouring places see.
  std::int64_t reach(std::int64_t count) const {
    return (count - 1) * step + (taps > 0 ? (taps - 1) * (gap < 0 ? -gap : gap) : 0) + 1;
  }
};

/// images [count, channels, y.source, x.source], numbers side by side but from image to image.
template <class T>
struct Images {
  Axis y, x;
  std::int64_t count, stride;  // between images
  const T* data;

  std::int64_t taps() const { return y.taps * x.taps; }
  std::int64_t plane() const { return y.source * x.source; }
};

template <class T>
class Panel {
 public:
  static constexpr std::int64_t most_columns = 5 * tile_columns<T>;

  static std::int64_t width_of(const Images<T>& images) { return at_most(images.x.places, most_columns); }
  static std::int64_t rows_of(const Images<T>& images) { return most_columns / width_of(images); }
  /// How many panels there are; of a result without numbers none.
  static std::int64_t count(const Images<T>& images) {
    const std::int64_t rows = images.count * images.y.places;
    if (rows == 0 || images.x.places == 0) return 0;
    return ((rows + rows_of(images) - 1) / rows_of(images)) * across(images);
  }

  /// Takes `channels` at most at a time.
  Panel(const Images<T>& images, std::int64_t channels)
      : images_(images),
        lines_(rows_of(images)),
        line_length_((images.x.reach(width_of(images)) + images.x.step - 1) / images.x.step * images.x.step),
        band_lines_(most_lines(images)),
        band_(channels * band_lines_ * line_length_ + Packet<T>::size) {}

  void move_to(std::int64_t index) {
    const std::int64_t rows = rows_of(images_), width = width_of(images_);
    first_row_ = index / across(images_) * rows;
    rows_ = at_most(images_.count * images_.y.places - first_row_, rows);
    first_ = index % across(images_) * width;
    width_ = at_most(images_.x.places - first_, width);
    std::int64_t line = 0, r = 0;
    each_part([&](std::int64_t, std::int64_t, std::int64_t count) {
      for (std::int64_t i = 0; i < count; ++i) lines_[r++] = (line + i * images_.y.step) * line_length_;
      line += images_.y.reach(count);
    });
  }

  std::int64_t columns() const { return rows_ * width_; }
  std::int64_t row_length() const { return round_up(columns(), Packet<T>::size); }
  static std::int64_t most_row_length() { return round_up(most_columns, Packet<T>::size); }

  /// Calls f(image, row of the result there, first place, how many, first column) for runs of columns that lie side by
  /// side in a result of their own.
  template <class F>
  void each_run(F&& f) const {
    std::int64_t column = 0;
    const bool whole = width_ == images_.x.places;
    each_part([&](std::int64_t image, std::int64_t y, std::int64_t count) {
      for (std::int64_t i = 0; i < count; i += whole ? count : 1) {
        const std::int64_t places = whole ? count * width_ : width_;
        f(image, y + i, first_, places, column);
        column += places;
      }
    });
  }

  /// Rows of the matrix, row_length() apart and with zeros up to there: all taps of channels [channel, channel +
  /// count). Writes up to a packet more.
  void fill(std::int64_t channel, std::int64_t count, T* to) {
    copy_band(channel, count);
    const Axis &y = images_.y, &x = images_.x;
    for (std::int64_t c = 0; c < count; ++c) {
      for (std::int64_t i = 0; i < y.taps; ++i) {
        for (std::int64_t j = 0; j < x.taps; ++j, to += row_length()) {
          const std::int64_t along = x.offset(j) % x.step * (line_length_ / x.step) + x.offset(j) / x.step;
          fill_row(band_.data() + (c * band_lines_ + y.offset(i)) * line_length_ + along, to);
        }
      }
    }
  }

 private:
  static std::int64_t across(const Images<T>& images) {
    return (images.x.places + width_of(images) - 1) / width_of(images);
  }
  static std::int64_t most_lines(const Images<T>& images) {
    const Axis& y = images.y;
    const std::int64_t rows = rows_of(images), beyond = y.reach(1);
    const std::int64_t parts = y.places > 0 ? at_most(images.count, (rows + y.places - 2) / y.places + 1) : 0;
    return rows * y.step + parts * beyond;
  }

  /// Calls f(image, first row, how many) for the rows of each image.
  template <class F>
  void each_part(F&& f) const {
    for (std::int64_t row = first_row_, count; row < first_row_ + rows_; row += count) {
      const std::int64_t y = row % images_.y.places;
      count = at_most(images_.y.places - y, first_row_ + rows_ - row);
      f(row / images_.y.places, y, count);
    }
  }

  [[gnu::noinline]] void copy_band(std::int64_t channel, std::int64_t count) {
    const Axis &y = images_.y, &x = images_.x;
    const std::int64_t left = first_ * x.step + x.lowest();
    for (std::int64_t c = 0; c < count; ++c) {
      T* line = band_.data() + c * band_lines_ * line_length_;
      each_part([&](std::int64_t image, std::int64_t row, std::int64_t rows) {
        const T* plane = images_.data + image * images_.stride + (channel + c) * images_.plane();
        const std::int64_t top = row * y.step + y.lowest(), reach = y.reach(rows);
        for (std::int64_t i = top; i < top + reach; ++i, line += line_length_) {
          const bool there = i >= 0 && i < y.source;
          copy_line(there ? plane + i * x.source : nullptr, left, line);
        }
      });
    }
  }

  /// A line of the band, which begins at number `left` of a line of the source; null: zeros.
  void copy_line(const T* source, std::int64_t left, T* to) {
    const std::int64_t step = images_.x.step, extent = source ? images_.x.source : 0, length = line_length_ / step;
    if (step == 1) {
      std::int64_t i = at_most(left < 0 ? -left : 0, length);
      for (std::int64_t zero = 0; zero < i; ++zero) to[zero] = 0;
      const std::int64_t end = at_most(length, extent - left);
      for (std::int64_t at = i; at < end; at += Packet<T>::size)
        store(to + at, 1, end - at, load(source + left + at, 1, end - at));
      for (i = end > i ? end : i; i < length; ++i) to[i] = 0;
      return;
    }
    for (std::int64_t phase = 0; phase < step; ++phase, to += length) {
      std::int64_t at = left + phase;
      for (std::int64_t i = 0; i < length; ++i, at += step) to[i] = at >= 0 && at < extent ? source[at] : T(0);
    }
  }

  [[gnu::noinline]] void fill_row(const T* from, T* to) {
    constexpr int size = Packet<T>::size;
    store(to + row_length() - size, Packet<T>(0));
    for (std::int64_t r = 0; r < rows_; ++r, to += width_) {
      const T* run = from + lines_[r];
      for (std::int64_t i = 0; i < width_; i += size) store(to + i, load(run + i));
    }
  }

  const Images<T>& images_;
  std::int64_t first_row_ = 0, rows_ = 0, first_ = 0, width_ = 0;
  Scratch<std::int64_t> lines_;  // where what a row of the result sees begins in the band
  std::int64_t line_length_, band_lines_;
  Scratch<T> band_;  // [channels, band_lines_, step, length of a line]
};

}  // namespace cairn
