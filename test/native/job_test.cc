// Jobs: parts at the same time, one end, the first failure, the order of a strand, and a pool that stops.
#include "engine/job.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"

namespace {

using namespace tensorbundle;

// Waits until as many jobs have ended.
class Ends {
 public:
  std::function<void()> one() {
    return [this] {
      const std::lock_guard<std::mutex> guard(mutex_);
      ++count_;
      changed_.notify_all();
    };
  }
  void wait(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }
  int count() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

Status unknown() { return Status::failure(Error::kEIO, "test"); }

void oneEndForAllParts() {
  Ends ends;
  ThreadPool pool(4);
  for (std::size_t wanted = 1; wanted <= 4; ++wanted) {
    std::atomic<std::size_t> parts{0};
    Work work;
    work.plan = [wanted](std::size_t threads, std::size_t* planned) {
      CHECK(threads == 4);
      *planned = wanted;
      return Status{};
    };
    work.part = [&parts](const StopToken&) {
      ++parts;
      return Status{};
    };
    Job job(work, ends.one());
    CHECK(job.start(pool, nullptr));
    ends.wait(static_cast<int>(wanted));
    CHECK_OK(job.status());
    CHECK(parts == wanted);
  }
  CHECK(ends.count() == 4);
}

void failures() {
  Ends ends;
  ThreadPool pool(2);
  const auto codeOf = [&](Work work) {
    const int before = ends.count();
    Job job(std::move(work), ends.one());
    CHECK(job.start(pool, nullptr));
    ends.wait(before + 1);
    return std::string(job.status().code);
  };
  const auto fine = [](const StopToken&) { return Status{}; };
  CHECK(codeOf({nullptr, fine}).empty());
  CHECK(codeOf({nullptr, [](const StopToken&) { return unknown(); }}) == "EIO");
  CHECK(codeOf({nullptr, [](const StopToken&) -> Status { throw std::bad_alloc(); }}) == "ENOMEM");
  CHECK(codeOf({nullptr, [](const StopToken&) -> Status { throw std::length_error(""); }}) == "EOVERFLOW");
  // After a plan that fails no part is run.
  bool ran = false;
  Work unplanned;
  unplanned.plan = [](std::size_t, std::size_t* parts) {
    *parts = 2;
    return unknown();
  };
  unplanned.part = [&ran](const StopToken&) {
    ran = true;
    return Status{};
  };
  CHECK(codeOf(unplanned) == "EIO");
  CHECK(!ran);
}

void aStrandKeepsTheOrder() {
  Ends ends;
  ThreadPool pool(4);
  const auto strand = std::make_shared<Strand>();
  std::vector<int> order;
  std::vector<std::unique_ptr<Job>> jobs;
  for (int i = 0; i < 100; ++i) {
    Work work;
    // Without a lock: that the jobs do not overlap is what the thread sanitizer looks at.
    work.part = [&order, i](const StopToken&) {
      order.push_back(i);
      return Status{};
    };
    jobs.push_back(std::make_unique<Job>(work, ends.one()));
  }
  for (const auto& job : jobs) CHECK(job->start(pool, strand.get()));
  ends.wait(100);
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

void aStoppedPool() {
  Ends ends;
  ThreadPool pool(1);
  pool.stop();
  const auto strand = std::make_shared<Strand>();
  for (Strand* one : {static_cast<Strand*>(nullptr), strand.get()}) {
    Job job({nullptr, [](const StopToken&) { return Status{}; }}, ends.one());
    CHECK(!job.start(pool, one));
    CHECK_CODE(job.status(), "ECANCELED");
  }
  CHECK(ends.count() == 0);
}

}  // namespace

void check::jobCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"jobs: one end for all parts", oneEndForAllParts},
                               {"jobs: failures", failures},
                               {"jobs: a strand keeps the order", aStrandKeepsTheOrder},
                               {"jobs: a stopped pool", aStoppedPool}});
}
