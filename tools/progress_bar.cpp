#include <cairn/tools/progress_bar.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <cairn/tools/terminal.h>

namespace cairn::tools {

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(std::clamp(seconds, 0.0, 1e9)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total, const std::string& detail,
                          std::uint64_t first, double elapsed, int columns) {
  constexpr std::uint64_t width = 24;
  const std::uint64_t shown = std::min(done, total);
  const double part = total == 0 ? 1.0 : static_cast<double>(shown) / static_cast<double>(total);
  const auto full = static_cast<std::uint64_t>(part * width);
  std::string line = fmt::format("{}  [{}{}] {:3.0f} %", label, std::string(full, '#'), std::string(width - full, '.'),
                                 std::floor(part * 100));
  if (shown > first && shown < total) {
    const double left = elapsed * static_cast<double>(total - shown) / static_cast<double>(shown - first);
    line += "  " + duration_text(left) + " left";
  }
  if (!detail.empty()) line += "  " + detail;
  if (columns > 0 && line.size() >= static_cast<std::size_t>(columns))
    line.resize(static_cast<std::size_t>(columns) - 1);
  return line;
}

ProgressBar::ProgressBar() : shown_(stderr_is_terminal()), start_(Clock::now()) {}

ProgressBar::~ProgressBar() { wipe(); }

void ProgressBar::update(const std::string& label, std::uint64_t done, std::uint64_t total, const std::string& detail,
                         std::uint64_t first) {
  if (!shown_) return;
  const Clock::time_point now = Clock::now();
  if (drawn_ && done < total && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  drawn_ = true;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  fmt::print(stderr, "\r\x1b[K{}", progress_line(label, done, total, detail, first, elapsed, terminal_columns()));
  std::fflush(stderr);
}

void ProgressBar::wipe() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace cairn::tools
