// The thread pool: order, laziness, stopping, and tasks that submit tasks.
#include "thread_pool.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "check.h"

namespace {

using tensorbundle::ThreadPool;

void runsEverything() {
  std::atomic<int> sum{0};
  ThreadPool pool(4);
  std::atomic<int> left{2000};
  for (int i = 0; i < 1000; ++i) {
    CHECK(pool.submit([&] {
      sum += 1;
      left -= 1;
      CHECK(pool.submit([&] {
        sum += 2;
        left -= 1;
      }));
    }));
  }
  while (left > 0) std::this_thread::yield();
  CHECK(sum == 3000);
}

void firstInFirstOut() {
  ThreadPool pool(1);
  std::vector<int> order;
  std::atomic<int> left{100};
  for (int i = 0; i < 100; ++i) {
    CHECK(pool.submit([&, i] {
      order.push_back(i);
      left -= 1;
    }));
  }
  while (left > 0) std::this_thread::yield();
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

void stopDropsAndWaits() {
  std::atomic<bool> started{false};
  std::atomic<bool> ended{false};
  std::atomic<int> ran{0};
  const auto held = std::make_shared<int>(1);
  ThreadPool pool(1);
  CHECK(pool.submit([&] {
    started = true;
    while (!pool.stopToken().requested()) std::this_thread::yield();
    ended = true;
  }));
  for (int i = 0; i < 10; ++i) CHECK(pool.submit([&ran, held] { ran += 1; }));
  while (!started) std::this_thread::yield();
  pool.stop();
  CHECK(ended && ran == 0);
  CHECK(held.use_count() == 1);
  CHECK(!pool.submit([] {}));
  pool.stop();
}

void manyStopAtAnyMoment() {
  for (int i = 0; i < 100; ++i) {
    std::atomic<int> ran{0};
    ThreadPool pool(3);
    for (int j = 0; j < 20; ++j) CHECK(pool.submit([&] { ran += 1; }));
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
    pool.stop();
    CHECK(ran <= 20);
  }
}

}  // namespace

void check::poolCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"pool: runs everything", runsEverything},
                               {"pool: first in, first out", firstInFirstOut},
                               {"pool: stop drops what waits and waits for what runs", stopDropsAndWaits},
                               {"pool: stops at any moment", manyStopAtAnyMoment}});
}
