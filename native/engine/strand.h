// Runs the tasks of one object on the pool, one after another, in the order in which they were posted. The next task
// starts at once, without a turn of the event loop between them.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "engine/thread_pool.h"

namespace tensorbundle {

class Strand : public std::enable_shared_from_this<Strand> {
 public:
  // False if the pool is stopped or cannot start any thread; the task is dropped then. When the pool stops, tasks that
  // have not begun are dropped, as the pool's own are. A task must not throw.
  bool post(ThreadPool& pool, ThreadPool::Task task);

 private:
  // Runs on a pool thread until no task is left.
  void run(const StopToken& stop);

  std::mutex mutex_;
  std::deque<ThreadPool::Task> queue_;
  bool running_ = false;
};

}  // namespace tensorbundle
