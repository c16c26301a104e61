#include "engine/strand.h"

#include <utility>

namespace tensorbundle {

bool Strand::post(ThreadPool& pool, ThreadPool::Task task) {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    queue_.push_back(std::move(task));
    if (running_) return true;
    running_ = true;
  }
  // The task keeps the strand alive until the queue is empty.
  if (pool.submit([self = shared_from_this(), &pool] { self->run(pool.stopToken()); })) return true;
  const std::lock_guard<std::mutex> guard(mutex_);
  queue_.clear();
  running_ = false;
  return false;
}

void Strand::run(const StopToken& stop) {
  for (;;) {
    ThreadPool::Task task;
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      if (stop.requested()) queue_.clear();
      if (queue_.empty()) {
        running_ = false;
        return;
      }
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace tensorbundle
