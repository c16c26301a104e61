// How long a thread waits for a job that it has started. After several waits in vain it waits only rarely.
#pragma once

#include <chrono>
#include <cstddef>

namespace tensorbundle {

// Used by one thread.
class Patience {
 public:
  // A small file operation takes less. Waking two sleeping threads, this one and one of the pool, takes longer than
  // that.
  static constexpr auto kBriefWait = std::chrono::microseconds(200);
  // The first job waits until a thread has started. If the event loop had a turn instead, its first one would fall into
  // that: a millisecond, and often a collection of what the imports have left.
  static constexpr auto kFirstWait = std::chrono::microseconds(1000);
  // After so many waits in vain (a slow disk, a network), only one job of kRareWaits is waited for.
  static constexpr std::size_t kVainWaits = 4;
  static constexpr std::size_t kRareWaits = 32;

  // Called once a job. Zero: not at all. Otherwise `ended` is called after the wait.
  std::chrono::microseconds next() {
    if (vainWaits_ >= kVainWaits && ++skipped_ < kRareWaits) return std::chrono::microseconds(0);
    skipped_ = 0;
    return hasWaited_ ? kBriefWait : kFirstWait;
  }

  void ended(bool inVain) {
    hasWaited_ = true;
    vainWaits_ = inVain ? vainWaits_ + 1 : 0;
  }

 private:
  // In a row.
  std::size_t vainWaits_ = 0;
  // Jobs since the last wait.
  std::size_t skipped_ = 0;
  bool hasWaited_ = false;
};

}  // namespace tensorbundle
