// Tasks of one object on the pool: one after another, in the order in which they were posted. A task that follows
// another starts at once, without a turn of the event loop between them.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "engine/thread_pool.h"

namespace tensorbundle {

class Strand : public std::enable_shared_from_this<Strand> {
 public:
  // False if the pool is stopped or cannot get a single thread; the task is then not kept. After a stop of the pool
  // what has not begun is dropped, as the pool's own tasks are. A task must not throw.
  bool post(ThreadPool& pool, ThreadPool::Task task);

 private:
  // On a pool thread, until nothing is left.
  void run(const StopToken& stop);

  std::mutex mutex_;
  std::deque<ThreadPool::Task> queue_;
  bool running_ = false;
};

}  // namespace tensorbundle
