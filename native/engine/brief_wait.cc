#include "engine/brief_wait.h"

#include <thread>

namespace tensorbundle {
namespace {

// A yield that takes longer gave the processor to a thread that computes; the scheduler lets that run for milliseconds.
constexpr auto kLongYield = std::chrono::milliseconds(1);
// At most one yield in this time is lost to such a thread.
constexpr auto kCrowded = std::chrono::milliseconds(100);

}  // namespace

bool BriefWait::isWorthwhile() const {
  return Clock::now().time_since_epoch().count() >= crowdedUntil_.load(std::memory_order_relaxed);
}

BriefWait::Clock::time_point BriefWait::yieldFrom(Clock::time_point start) {
  std::this_thread::yield();
  const Clock::time_point now = Clock::now();
  if (now - start > kLongYield) {
    crowdedUntil_.store((now + kCrowded).time_since_epoch().count(), std::memory_order_relaxed);
  }
  return now;
}

}  // namespace tensorbundle
