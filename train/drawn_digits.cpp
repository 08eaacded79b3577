// From control points to pixels:
//
//   glyph (control points in the unit box) ─► shaken ─► turned, slanted, scaled, shifted ─► short lines ─► pixels
//
// A pixel's ink depends on its distance to the nearest line: full inside the pen, none a pixel further out, linear
// between.
#include <cairn/train/drawn_digits.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include <cairn/core/error.h>

namespace cairn::train {

namespace {

struct Point {
  double x, y;  // y points down
};

/// A start and, for each curve that follows, its control point and its end (a quadratic Bézier curve).
using Stroke = std::vector<Point>;
using Glyph = std::vector<Stroke>;

const std::array<Glyph, 10>& glyphs() {
  // clang-format off
  static const std::array<Glyph, 10> table = {{
      {{{.50, .00}, {.90, .00}, {.90, .50}, {.90, 1.0}, {.50, 1.0}, {.10, 1.0}, {.10, .50}, {.10, .00}, {.50, .00}}},
      {{{.28, .22}, {.42, .14}, {.55, .00}, {.55, .50}, {.55, 1.0}}},
      {{{.15, .25}, {.20, .00}, {.50, .00}, {.85, .00}, {.85, .28}, {.85, .55}, {.12, 1.0}, {.50, 1.0}, {.90, 1.0}}},
      {{{.15, .08}, {.85, -.1}, {.80, .25}, {.75, .48}, {.40, .48}}, {{.40, .48}, {.90, .50}, {.86, .76}, {.80, 1.1}, {.12, .92}}},
      {{{.62, .00}, {.36, .34}, {.08, .66}, {.50, .66}, {.92, .66}}, {{.68, .34}, {.68, .68}, {.68, 1.0}}},
      {{{.84, .00}, {.54, .00}, {.24, .00}, {.22, .20}, {.19, .44}, {.88, .28}, {.86, .68}, {.82, 1.1}, {.12, .92}}},
      {{{.74, .00}, {.18, .20}, {.14, .66}, {.14, 1.0}, {.50, 1.0}, {.86, 1.0}, {.86, .70}, {.86, .44}, {.50, .44}, {.20, .44}, {.14, .70}}},
      {{{.10, .00}, {.50, .00}, {.90, .00}, {.62, .50}, {.38, 1.0}}},
      {{{.50, .47}, {.16, .45}, {.18, .22}, {.20, .00}, {.50, .00}, {.80, .00}, {.82, .22}, {.84, .45}, {.50, .47}},
       {{.50, .47}, {.10, .50}, {.12, .76}, {.15, 1.0}, {.50, 1.0}, {.85, 1.0}, {.88, .76}, {.90, .50}, {.50, .47}}},
      {{{.85, .30}, {.80, .56}, {.50, .56}, {.14, .56}, {.14, .28}, {.14, .00}, {.50, .00}, {.86, .00}, {.85, .32}, {.84, .76}, {.58, 1.0}}},
  }};
  // clang-format on
  return table;
}

/// Numbers of [from, to), 53 bits each.
class Uniform {
 public:
  explicit Uniform(Generator& generator) : generator_(generator) {}
  double operator()(double from, double to) {
    return from + (to - from) * (static_cast<double>(generator_.random64() >> 11) * 0x1p-53);
  }
  double around(double middle, double deviation) { return (*this)(middle - deviation, middle + deviation); }

 private:
  Generator& generator_;
};

/// How this one hand writes: where the unit box lands on the picture, in pixels.
struct Hand {
  double width, height, slant, cosine, sine, x, y, pen;

  Hand(Uniform& uniform, double size) {
    width = uniform(0.45, 0.70) * size;
    height = uniform(0.60, 0.85) * size;
    slant = uniform.around(0.0, 0.35);
    const double t = uniform.around(0.0, 0.12);  // the tangent of half the angle: turning without sine and cosine
    cosine = (1 - t * t) / (1 + t * t);
    sine = 2 * t / (1 + t * t);
    x = size / 2 + uniform.around(0.0, 0.14) * size;
    y = size / 2 + uniform.around(0.0, 0.12) * size;
    pen = uniform(0.035, 0.075) * size;
  }

  Point place(Point p) const {
    const double down = (p.y - 0.5) * height;
    const double right = (p.x - 0.5) * width - slant * down;
    return {x + cosine * right - sine * down, y + sine * right + cosine * down};
  }
};

struct Line {
  Point from, to;
};

std::vector<Line> lines_of(const Glyph& glyph, const Hand& hand, Uniform& uniform) {
  constexpr int pieces = 6;
  constexpr double shake = 0.05;
  std::vector<Line> lines;
  for (const Stroke& stroke : glyph) {
    Stroke placed;
    for (const Point& point : stroke) {
      const double right = uniform.around(0.0, shake), down = uniform.around(0.0, shake);
      placed.push_back(hand.place({point.x + right, point.y + down}));
    }
    for (std::size_t i = 0; i + 2 < placed.size(); i += 2) {
      Point before = placed[i];
      for (int piece = 1; piece <= pieces; ++piece) {
        const double t = static_cast<double>(piece) / pieces, a = (1 - t) * (1 - t), b = 2 * t * (1 - t), c = t * t;
        const Point next = {a * placed[i].x + b * placed[i + 1].x + c * placed[i + 2].x,
                            a * placed[i].y + b * placed[i + 1].y + c * placed[i + 2].y};
        lines.push_back({before, next});
        before = next;
      }
    }
  }
  return lines;
}

double squared_distance(Point p, const Line& line) {
  const double dx = line.to.x - line.from.x, dy = line.to.y - line.from.y;
  const double length = dx * dx + dy * dy;
  double along = length > 0 ? ((p.x - line.from.x) * dx + (p.y - line.from.y) * dy) / length : 0;
  along = std::clamp(along, 0.0, 1.0);
  const double ex = line.from.x + along * dx - p.x, ey = line.from.y + along * dy - p.y;
  return ex * ex + ey * ey;
}

void draw(int digit, std::int64_t size, double noise, Generator& generator, std::span<float> pixels) {
  Uniform uniform(generator);
  const Hand hand(uniform, static_cast<double>(size));
  const std::vector<Line> lines = lines_of(glyphs()[static_cast<std::size_t>(digit)], hand, uniform);
  const double ink = uniform(0.75, 1.0);
  for (std::int64_t row = 0; row < size; ++row) {
    for (std::int64_t column = 0; column < size; ++column) {
      const Point centre = {static_cast<double>(column) + 0.5, static_cast<double>(row) + 0.5};
      double nearest = squared_distance(centre, lines.front());
      for (const Line& line : lines) nearest = std::min(nearest, squared_distance(centre, line));
      const double covered = std::clamp(hand.pen + 0.75 - std::sqrt(nearest), 0.0, 1.0);
      const double value = ink * covered + uniform.around(0.0, noise);
      pixels[static_cast<std::size_t>(row * size + column)] = static_cast<float>(std::clamp(value, 0.0, 1.0));
    }
  }
}

void check_options(std::int64_t size, double noise) {
  check<ValueError>(size >= 4 && size <= 4096, "drawn digits: the size is ", size, ", but must be 4 to 4096 pixels");
  check<ValueError>(noise >= 0 && noise <= 1, "drawn digits: the noise is ", noise, ", but must be 0 to 1");
}

}  // namespace

Tensor draw_digit(int digit, std::int64_t size, double noise, Generator& generator) {
  check<ValueError>(digit >= 0 && digit <= 9, "drawn digits: ", digit, " was asked for, but the digits are 0 to 9");
  check_options(size, noise);
  Tensor picture = empty({size, size});
  draw(digit, size, noise, generator, picture.data<float>());
  return picture;
}

TensorDataset drawn_digits(std::int64_t count, const DrawnDigitsOptions& options) {
  check<ValueError>(count >= 0, "drawn digits: ", count, " pictures were asked for");
  check_options(options.size, options.noise);
  Generator generator(options.seed);
  Tensor images = empty({count, 1, options.size, options.size});
  Tensor labels = empty({count}, {.dtype = DType::int64});
  const std::span<float> pixels = images.data<float>();
  const std::span<std::int64_t> digits = labels.data<std::int64_t>();
  const auto area = static_cast<std::size_t>(options.size * options.size);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    digits[i] = static_cast<std::int64_t>(i % 10);
    draw(static_cast<int>(digits[i]), options.size, options.noise, generator, pixels.subspan(i * area, area));
  }
  return {images, labels};
}

}  // namespace cairn::train
