// Work on the pool's threads that ends once, with one status. Knows nothing of who waits for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>

#include "engine/status.h"
#include "engine/stop_token.h"
#include "engine/strand.h"
#include "engine/thread_pool.h"

namespace tensorbundle {

// What is to be done. The functions share their data by capturing it.
struct Work {
  // On a pool thread, before the parts: how many there shall be, at most `threads`. None means one.
  std::function<Status(std::size_t threads, std::size_t* parts)> plan;
  // On `parts` pool threads at once. The first failure is the job's.
  std::function<Status(const StopToken&)> part;
};

class Job {
 public:
  // `ended` is called on the pool thread whose part ends last, and must not throw. Where the pool is stopped it may
  // never be.
  Job(Work work, std::function<void()> ended);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() = default;

  // Once. The job must live until it has ended or the pool has stopped. With a strand: after the strand's earlier jobs.
  // False if it could not be started, which is its status then; `ended` is not called.
  bool start(ThreadPool& pool, Strand* strand);

  // After the end.
  const Status& status() const { return status_; }

 private:
  void plan(ThreadPool& pool);
  void runPart(const StopToken& stop);
  void endPart();
  void record(Status status);

  const Work work_;
  const std::function<void()> ended_;
  std::atomic<std::size_t> remaining_{1};
  std::mutex mutex_;
  Status status_;
};

}  // namespace tensorbundle
