// Work on the pool's threads that ends once, with one status. It does not know what waits for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <new>

#include "engine/status.h"
#include "engine/stop_token.h"
#include "engine/strand.h"
#include "engine/thread_pool.h"

namespace tensorbundle {

// What a job does. The functions share data by capturing it.
struct Work {
  // Runs on a pool thread before the parts, and says how many parts there are, at most `threads`. Without `plan` there
  // is one part.
  std::function<Status(std::size_t threads, std::size_t* parts)> plan;
  // Runs on `parts` pool threads at once. The first failure becomes the job's status.
  std::function<Status(const StopToken&)> part;
};

// Turns exceptions into statuses, since no exception may leave a task of a pool thread.
template <typename Call>
Status guarded(Call call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Status::failure(Error::kENOMEM, "malloc");
  } catch (const std::exception&) {
    return Status::failure(Error::kEOVERFLOW, "engine");
  }
}

class Job {
 public:
  // `ended` is called on the pool thread whose part ends last. It must not throw. If the pool is stopped, it may never
  // be called.
  Job(Work work, std::function<void()> ended);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() = default;

  // Call it once. The job must live until it has ended or the pool has stopped. With a strand, it runs after the
  // strand's earlier jobs. False if it could not be started: then its status is kECANCELED and `ended` is not called.
  bool start(ThreadPool& pool, Strand* strand);

  // Valid after the end.
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
