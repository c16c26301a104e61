// Waits for moments without sleeping: what is waited for often takes less than waking a sleeping thread would.
#pragma once

#include <atomic>
#include <chrono>

namespace tensorbundle {

class BriefWait {
 public:
  using Clock = std::chrono::steady_clock;

  // False for a while after other programs were found to use all processors. A thread that sleeps then gets one back
  // sooner than a thread that gives its own away.
  bool isWorthwhile() const;

  // Gives the processor away until `isDone()` or for `limit`; ends early where other programs use all processors.
  // False if it is not done. Any thread may call it.
  template <typename IsDone>
  bool until(const IsDone& isDone, std::chrono::microseconds limit) {
    const Clock::time_point deadline = Clock::now() + limit;
    Clock::time_point now = Clock::now();
    while (!isDone()) {
      if (now >= deadline || !isWorthwhile()) return false;
      // Where there is only one processor, the thread that is waited for runs now.
      now = yieldFrom(now);
    }
    return true;
  }

 private:
  // Gives the time after the yield.
  Clock::time_point yieldFrom(Clock::time_point start);

  // In the clock's ticks.
  std::atomic<Clock::rep> crowdedUntil_{Clock::time_point::min().time_since_epoch().count()};
};

}  // namespace tensorbundle
