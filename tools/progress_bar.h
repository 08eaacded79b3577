// A bar that says how far the work is and when it will be done:
//
//   epoch 2/5  [##########..........]  51 %  1 min 12 s left  loss 0.213
//
// On stderr, and only when that is a terminal: a script sees nothing of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cairn::tools {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  ///< Wipes the line.
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Draws, at most ten times a second. `first` is how much was done before this bar began.
  void update(const std::string& label, std::uint64_t done, std::uint64_t total, const std::string& detail = {},
              std::uint64_t first = 0);

  void wipe();  ///< Clears the line, so that something else can be printed.

 private:
  using Clock = std::chrono::steady_clock;

  bool shown_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_{};
};

/// The line without colours or controls, cut to `columns`. `elapsed` is in seconds, since `first` was done.
std::string progress_line(const std::string& label, std::uint64_t done, std::uint64_t total, const std::string& detail,
                          std::uint64_t first, double elapsed, int columns);

std::string duration_text(double seconds);  ///< "3 s", "2 min 5 s", "1 h 2 min"

}  // namespace cairn::tools
