#include "engine/thread_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace tensorbundle {

ThreadPool::ThreadPool(std::size_t threads) : size_(std::max<std::size_t>(threads, 1)) { threads_.reserve(size_); }

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
  wake_.notify_one();
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
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stop_.requested() || !queue_.empty(); });
    --idle_;
    if (stop_.requested()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
    // Releases what the task holds, outside the lock and before the next wait.
    task = nullptr;
    lock.lock();
  }
}

}  // namespace tensorbundle
