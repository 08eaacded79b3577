#include <cairn/core/text_layout.h>

#include <algorithm>
#include <utility>

namespace cairn {
namespace {

/// Columns that UTF-8 takes.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

void TextLayout::open(std::string_view bracket) {
  text(bracket);
  open_.push_back(brackets_.size());
  brackets_.push_back({open_.size(), columns_of(bracket)});
  indentation_ += brackets_.back().columns;
}

void TextLayout::close(std::string_view bracket) {
  indentation_ -= brackets_[open_.back()].columns;
  open_.pop_back();
  text(bracket);
}

void TextLayout::separator() {
  if (width_ == unlimited) return text(" ");
  if (!brackets_[open_.back()].broken) return wait({" ", 1, open_.back(), indentation_});
  settle(waiting_.size());
  new_line(indentation_);
}

void TextLayout::text(std::string_view text) { wait({std::string(text), columns_of(text), none, 0}); }

void TextLayout::lines(std::string_view text) {
  for (std::size_t end; width_ != unlimited && (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
    this->text(text.substr(0, end));
    break_outermost();
    settle(waiting_.size());
    new_line(indentation_);
  }
  this->text(text);
}

std::string TextLayout::finish() {
  settle(waiting_.size());
  return std::move(out_);
}

void TextLayout::wait(Piece piece) {
  waiting_columns_ += piece.columns;
  waiting_.push_back(std::move(piece));
  if (waiting_.front().bracket == none) settle(1);  // nothing before it can be broken
  while (column_ + waiting_columns_ > width_ && break_outermost()) {
  }
}

/// Breaks the outermost bracket with separators that wait, and settles those. Brackets around it, or all, if none has
/// any, have none on this line so far: they are broken from here on.
bool TextLayout::break_outermost() {
  std::size_t found = none, last = 0;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const std::size_t bracket = waiting_[i].bracket;
    if (bracket == none || brackets_[bracket].unbroken) continue;
    if (found == none || brackets_[bracket].depth < brackets_[found].depth) found = bracket;
    if (bracket == found) last = i;
  }
  for (std::size_t number : open_) {
    Bracket& bracket = brackets_[number];
    if (found == none || bracket.depth < brackets_[found].depth) bracket.broken = !bracket.unbroken;
  }
  if (found == none) return false;
  brackets_[found].broken = true;
  settle(last + 1);
  while (!waiting_.empty() && waiting_.front().bracket == none) settle(1);
  return true;
}

/// Writes the first pieces that wait.
void TextLayout::settle(std::size_t count) {
  for (; count > 0; --count) {
    const Piece piece = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_columns_ -= piece.columns;
    if (piece.bracket != none && brackets_[piece.bracket].broken) {
      new_line(piece.indentation);
    } else {
      if (piece.bracket != none) brackets_[piece.bracket].unbroken = true;
      out_ += piece.text;
      column_ += piece.columns;
    }
  }
}

void TextLayout::new_line(std::size_t indentation) {
  (out_ += '\n').append(indentation, ' ');
  column_ = indentation;
}

}  // namespace cairn
