// Brief waits: they end when it is done, at their limit, and early where other programs use all processors.
#include "engine/brief_wait.h"

#include <atomic>
#include <thread>

#include "check.h"
#ifdef __linux__
#include <sched.h>
#endif

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tensorbundle::BriefWait;

BriefWait::Clock::duration timeOf(BriefWait& wait, microseconds limit, bool* done) {
  const auto start = BriefWait::Clock::now();
  *done = wait.until([] { return false; }, limit);
  return BriefWait::Clock::now() - start;
}

void endsWhenItIsDone() {
  BriefWait wait;
  CHECK(wait.isWorthwhile());
  CHECK(wait.until([] { return true; }, microseconds(0)));
  std::atomic<bool> done{false};
  std::thread other([&] { done = true; });
  // It may give up early on a machine that has much to do.
  while (!wait.until([&] { return done.load(); }, seconds(10))) std::this_thread::yield();
  other.join();
}

void endsAtItsLimit() {
  BriefWait wait;
  bool done = true;
  const auto time = timeOf(wait, milliseconds(20), &done);
  CHECK(!done);
  CHECK(time >= milliseconds(20) || !wait.isWorthwhile());
}

#ifdef __linux__
// All threads of this test share one processor: each yield gives it to one that computes, for milliseconds.
void givesUpWhereOthersCompute() {
  cpu_set_t all;
  CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
  int processor = 0;
  while (!CPU_ISSET(processor, &all)) ++processor;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);

  std::atomic<bool> stop{false};
  std::thread test([&] {
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    std::atomic<bool> started{false};
    std::thread other([&] {
      started = true;
      while (!stop) {
      }
    });
    while (!started) std::this_thread::yield();
    BriefWait wait;
    bool done = true;
    CHECK(timeOf(wait, seconds(60), &done) < seconds(30));
    CHECK(!done);
    // The next one does not even begin,
    CHECK(!wait.isWorthwhile());
    stop = true;
    other.join();
    // until some time has passed.
    const auto start = BriefWait::Clock::now();
    while (!wait.isWorthwhile()) std::this_thread::sleep_for(milliseconds(5));
    CHECK(BriefWait::Clock::now() - start < seconds(30));
  });
  test.join();
}
#endif

}  // namespace

void check::waitCases(std::vector<Case>* cases) {
  cases->push_back({"a brief wait ends when it is done", endsWhenItIsDone});
  cases->push_back({"a brief wait ends at its limit", endsAtItsLimit});
#ifdef __linux__
  cases->push_back({"a brief wait gives up where others compute", givesUpWhereOthersCompute});
#endif
}
