// How the benchmarks measure: contenders take turns in short rounds, and the median round counts.
//
// A machine's speed drifts, by up to a factor of two on shared ones. Contenders that take turns drift together, so
// their ratio holds where their times do not; the median leaves out the rounds that something else disturbed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace benchmarks {

inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Keeps the compiler from dropping the computation of `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// Something to be timed, and what was found: the seconds of one call.
struct Contender {
  std::function<void()> call;
  double seconds = 0;

  // how many calls make a round, so that reading the clock costs nothing beside it
  std::int64_t calls = 1;

  // what a round ends with: waiting for a device that still works on the calls
  std::function<void()> finish = {};

  // what is done before a round and not timed; then a round is one call
  std::function<void()> prepare = {};
};

/// Calls for about `seconds`, and finds how many calls make a round of `round_seconds`.
inline void warm_up(Contender& contender, double seconds, double round_seconds) {
  const auto finish = [&] {
    if (contender.finish) contender.finish();
  };
  if (contender.prepare) contender.prepare();
  contender.call();
  finish();
  if (contender.prepare) return;
  const double start = seconds_now();
  std::int64_t warmed = 0, calls = 1;
  do {
    for (std::int64_t call = 0; call < calls; ++call) contender.call();
    finish();
    warmed += calls;
    calls *= 2;
  } while (seconds_now() - start < seconds);
  const double each = (seconds_now() - start) / static_cast<double>(warmed);
  contender.calls = std::max<std::int64_t>(1, static_cast<std::int64_t>(round_seconds / each));
}

/// The seconds of one call in one round.
inline double timed_round(Contender& contender) {
  if (contender.prepare) contender.prepare();
  const double start = seconds_now();
  for (std::int64_t call = 0; call < contender.calls; ++call) contender.call();
  if (contender.finish) contender.finish();
  return (seconds_now() - start) / static_cast<double>(contender.calls);
}

/// Times all contenders in turns: `rounds` rounds of about `round_seconds` each, after as long again to warm up.
inline void take_turns(std::vector<Contender*> contenders, int rounds, double round_seconds) {
  for (Contender* contender : contenders) warm_up(*contender, 5 * round_seconds, round_seconds);
  std::vector<std::vector<double>> times(contenders.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) times[i].push_back(timed_round(*contenders[i]));
  }
  for (std::size_t i = 0; i < contenders.size(); ++i) contenders[i]->seconds = median(times[i]);
}

/// The median of what `other` takes over what `one` takes, of pairs of rounds.
inline double ratio_of_pairs(Contender& one, Contender& other, int pairs, double round_seconds) {
  for (Contender* contender : {&one, &other}) warm_up(*contender, 5 * round_seconds, round_seconds);
  std::vector<double> ratios, times, other_times;
  for (int pair = 0; pair < pairs; ++pair) {
    times.push_back(timed_round(one));
    other_times.push_back(timed_round(other));
    ratios.push_back(other_times.back() / times.back());
  }
  one.seconds = median(times);
  other.seconds = median(other_times);
  return median(ratios);
}

}  // namespace benchmarks
