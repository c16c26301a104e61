// The addon's own threads, so that neither libuv's four threads nor the event loop ever wait for a disk. Tasks run in
// the order in which they were submitted. A thread is started when there is work and no idle thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/brief_wait.h"
#include "engine/stop_token.h"

namespace tensorbundle {

class ThreadPool {
 public:
  using Task = std::function<void()>;

  // After a task, a thread looks for the next one for this long before it sleeps. Small saves and loads are a row of
  // short tasks, and waking a sleeping thread takes longer than most of them.
  static constexpr auto kLookFor = std::chrono::microseconds(150);

  explicit ThreadPool(std::size_t threads = defaultSize(), std::chrono::microseconds lookFor = kLookFor);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  // max(2, min(cores, 16)): one sync must not block every other file operation on a machine with one core.
  static std::size_t defaultSize();

  // May be called on any thread, also one of the pool's. False if the pool is stopped or cannot start any thread; the
  // task is dropped then. A task must not throw.
  bool submit(Task task);

  // Drops queued tasks, tells running ones to stop, and waits for them. May be called several times, but not on one of
  // the pool's threads.
  void stop();

  const StopToken& stopToken() const { return stop_; }
  std::size_t size() const { return size_; }
  // For how many tasks a sleeping thread was woken or a new one started.
  std::size_t wakeUps() const { return wakeUps_.load(); }
  // For threads that wait for a task.
  BriefWait& briefWait() { return briefWait_; }

 private:
  void loop();
  // Returns when there is work, or after a short while. The lock is released meanwhile.
  void lookForWork(std::unique_lock<std::mutex>& lock);

  const std::size_t size_;
  const std::chrono::microseconds lookFor_;
  StopToken stop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  // Of the idle threads, those that look for work without sleeping. They look at queued_, and lock the mutex at the
  // end.
  std::size_t looking_ = 0;
  std::atomic<std::size_t> queued_{0};
  std::atomic<std::size_t> wakeUps_{0};
  BriefWait briefWait_;
};

}  // namespace tensorbundle
