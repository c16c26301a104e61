#include "engine/thread_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace tensorbundle {

ThreadPool::ThreadPool(std::size_t threads, std::chrono::microseconds lookFor)
    : size_(std::max<std::size_t>(threads, 1)), lookFor_(lookFor) {
  threads_.reserve(size_);
}

ThreadPool::~ThreadPool() { stop(); }

std::size_t ThreadPool::defaultSize() {
  return std::max<std::size_t>(2, std::min<std::size_t>(std::thread::hardware_concurrency(), 16));
}

bool ThreadPool::submit(Task task) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (stop_.requested()) return false;
  queue_.push_back(std::move(task));
  if (idle_ < queue_.size() && threads_.size() < size_) {
    try {
      threads_.emplace_back([this] { loop(); });
    } catch (const std::system_error&) {
      // No more threads can be started, so the existing ones run the task.
      if (threads_.empty()) {
        queue_.pop_back();
        return false;
      }
    }
  }
  queued_.store(queue_.size());
  // A thread that looks for work finds it without being woken.
  if (queue_.size() > looking_) {
    ++wakeUps_;
    wake_.notify_one();
  }
  return true;
}

void ThreadPool::stop() {
  std::deque<Task> dropped;
  std::vector<std::thread> threads;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    stop_.request();
    dropped.swap(queue_);
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void ThreadPool::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  bool hasRun = false;
  for (;;) {
    ++idle_;
    if (queue_.empty() && hasRun && briefWait_.isWorthwhile()) lookForWork(lock);
    wake_.wait(lock, [this] { return stop_.requested() || !queue_.empty(); });
    --idle_;
    if (stop_.requested()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    queued_.store(queue_.size());
    lock.unlock();
    task();
    // Releases what the task holds, outside the lock and before the next wait.
    task = nullptr;
    hasRun = true;
    lock.lock();
  }
}

void ThreadPool::lookForWork(std::unique_lock<std::mutex>& lock) {
  ++looking_;
  lock.unlock();
  briefWait_.until([this] { return queued_.load() != 0 || stop_.requested(); }, lookFor_);
  lock.lock();
  --looking_;
}

}  // namespace tensorbundle
