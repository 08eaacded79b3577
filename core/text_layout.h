// Brackets within brackets, broken into lines as a notebook (IPython) breaks what it shows.
//
// Between the entries of a bracket stand separators: a space each, while all is on one line. Once a line is too long,
// the outermost bracket that has separators on it is broken: they, and those still to come, start a new line, in the
// column of the bracket's first entry. If the line is too long even so, the next bracket inside is broken:
//
//   [[1, 2], [3, 4]]       [[1, 2],       [[1,
//                           [3, 4]]         2],
//                                          [3,
//                                           4]]
//
// What stands behind the last separator that is settled waits, as what follows may still break it. A text of several
// lines breaks one bracket, too, and settles all that waits; as in IPython, separators that became spaces by that
// remain the only kind of their bracket.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

class TextLayout {
 public:
  static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

  /// Lines of at most `width` columns, where brackets suffice for that; `unlimited` breaks nothing.
  explicit TextLayout(std::size_t width) : width_(width) {}

  void open(std::string_view bracket);
  void close(std::string_view bracket);
  void separator();                   ///< Within a bracket.
  void text(std::string_view text);   ///< Of one line.
  void lines(std::string_view text);  ///< Of several: the others begin in the column of the bracket's entries.
  std::string finish();

 private:
  struct Bracket {
    std::size_t depth, columns;
    bool broken = false;
    bool unbroken = false;  // for good: some of its separators are spaces
  };
  struct Piece {
    std::string text;
    std::size_t columns;
    std::size_t bracket;  // of a separator: its number
    std::size_t indentation;
  };
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  void wait(Piece piece);
  bool break_outermost();
  void settle(std::size_t count);
  void new_line(std::size_t indentation);

  std::size_t width_;
  std::string out_;
  std::size_t column_ = 0, indentation_ = 0;
  std::deque<Piece> waiting_;
  std::size_t waiting_columns_ = 0;
  std::vector<Bracket> brackets_;  // all there ever were
  std::vector<std::size_t> open_;  // the numbers of those not closed yet
};

}  // namespace cairn
