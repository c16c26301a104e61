#include "engine/job.h"

#include <utility>

namespace tensorbundle {

Job::Job(Work work, std::function<void()> ended) : work_(std::move(work)), ended_(std::move(ended)) {}

bool Job::start(ThreadPool& pool, Strand* strand) {
  const auto task = [this, &pool] { plan(pool); };
  if (strand != nullptr ? strand->post(pool, task) : pool.submit(task)) return true;
  record(Status::canceled());
  return false;
}

void Job::plan(ThreadPool& pool) {
  std::size_t parts = 1;
  if (work_.plan) record(guarded([&] { return work_.plan(pool.size(), &parts); }));
  if (!status_.ok()) parts = 1;
  remaining_.store(parts);
  for (std::size_t i = 1; i < parts; ++i) {
    if (pool.submit([this, &pool] { runPart(pool.stopToken()); })) continue;
    record(Status::canceled());
    // This is never the last part, since the part of this thread is still to come.
    endPart();
  }
  runPart(pool.stopToken());
}

void Job::runPart(const StopToken& stop) {
  bool run = false;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    run = status_.ok();
  }
  if (run) record(guarded([&] { return work_.part(stop); }));
  endPart();
}

void Job::endPart() {
  if (remaining_.fetch_sub(1) == 1) ended_();
}

void Job::record(Status status) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (status_.ok()) status_ = std::move(status);
}

}  // namespace tensorbundle
