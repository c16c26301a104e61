// Tells running work that its environment is shutting down. Work looks at it between chunks.
#pragma once

#include <atomic>

namespace tensorbundle {

class StopToken {
 public:
  bool requested() const { return requested_.load(std::memory_order_relaxed); }
  void request() { requested_.store(true, std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace tensorbundle
