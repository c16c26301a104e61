// The thread pool: order, laziness, stopping, and tasks that submit tasks.
#include "engine/thread_pool.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "check.h"
#include "engine/strand.h"

namespace {

using tensorbundle::Strand;
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

// However many threads there are: in order, and no two at once. Two strands do not wait for each other.
void strandsKeepTheirOrder() {
  ThreadPool pool(4);
  for (int round = 0; round < 50; ++round) {
    std::vector<int> orders[2];
    std::atomic<int> inside[2] = {{0}, {0}};
    std::atomic<int> left{200};
    const std::shared_ptr<Strand> strands[2] = {std::make_shared<Strand>(), std::make_shared<Strand>()};
    for (int i = 0; i < 100; ++i) {
      for (std::size_t s = 0; s < 2; ++s) {
        CHECK(strands[s]->post(pool, [&, i, s] {
          CHECK(++inside[s] == 1);
          orders[s].push_back(i);
          --inside[s];
          --left;
        }));
      }
    }
    while (left > 0) std::this_thread::yield();
    for (const auto& order : orders) {
      for (int i = 0; i < 100; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
    }
  }
}

// A strand that nobody holds any more finishes what was posted; one whose pool stops drops what has not begun.
void strandsEnd() {
  std::atomic<int> ran{0};
  {
    ThreadPool pool(1);
    auto strand = std::make_shared<Strand>();
    for (int i = 0; i < 10; ++i) CHECK(strand->post(pool, [&] { ++ran; }));
    strand.reset();
    while (ran < 10) std::this_thread::yield();
  }
  ThreadPool pool(2);
  const auto strand = std::make_shared<Strand>();
  std::atomic<bool> started{false};
  std::atomic<int> dropped{0};
  CHECK(strand->post(pool, [&] {
    started = true;
    while (!pool.stopToken().requested()) std::this_thread::yield();
  }));
  CHECK(strand->post(pool, [&] { ++dropped; }));
  while (!started) std::this_thread::yield();
  pool.stop();
  CHECK(dropped == 0);
  CHECK(!strand->post(pool, [&] { ++dropped; }));
  CHECK(!strand->post(pool, [&] { ++dropped; }));
  CHECK(dropped == 0);
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

// Ends when the pool's thread is past the task; how soon it looks or sleeps after that is not known.
void runOne(ThreadPool* pool) {
  std::atomic<bool> done{false};
  CHECK(pool->submit([&] { done = true; }));
  while (!done) std::this_thread::sleep_for(std::chrono::microseconds(100));
}

// A thread gives up its look where other programs use all processors, so some of these tasks may have to wake it.
void aThreadThatLooksIsNotWoken() {
  ThreadPool pool(1, std::chrono::seconds(20));
  runOne(&pool);
  CHECK(pool.wakeUps() == 1);
  int free = 0;
  const auto giveUp = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (free < 20) {
    CHECK(std::chrono::steady_clock::now() < giveUp);
    const std::size_t before = pool.wakeUps();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    runOne(&pool);
    if (pool.wakeUps() == before) ++free;
  }
}

void aThreadThatSleepsIsWoken() {
  // It looks once and then sleeps.
  ThreadPool pool(1, std::chrono::microseconds(0));
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    runOne(&pool);
  }
  CHECK(pool.wakeUps() > 10);
}

// While one thread looks, a second task needs a second thread: the first task ends only after it.
void onlyAsManyAsLook() {
  ThreadPool pool(2, std::chrono::seconds(20));
  for (int round = 0; round < 100; ++round) {
    runOne(&pool);
    std::atomic<bool> second{false};
    std::atomic<int> left{2};
    CHECK(pool.submit([&] {
      while (!second) std::this_thread::yield();
      --left;
    }));
    CHECK(pool.submit([&] {
      second = true;
      --left;
    }));
    while (left > 0) std::this_thread::yield();
  }
}

// Tasks come at every moment between the look and the sleep. One that is not seen would never run.
void noTaskIsForgotten() {
  check::Random random(17);
  ThreadPool pool(2, std::chrono::microseconds(20));
  for (int round = 0; round < 3000; ++round) {
    std::atomic<int> left{2};
    CHECK(pool.submit([&] { --left; }));
    CHECK(pool.submit([&] { --left; }));
    while (left > 0) std::this_thread::yield();
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random.below(50));
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
  }
}

}  // namespace

void check::poolCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"pool: runs everything", runsEverything},
                               {"pool: first in, first out", firstInFirstOut},
                               {"strand: keeps its order", strandsKeepTheirOrder},
                               {"strand: ends", strandsEnd},
                               {"pool: stop drops what waits and waits for what runs", stopDropsAndWaits},
                               {"pool: a thread that looks is not woken", aThreadThatLooksIsNotWoken},
                               {"pool: a thread that sleeps is woken", aThreadThatSleepsIsWoken},
                               {"pool: only as many tasks as threads that look", onlyAsManyAsLook},
                               {"pool: no task is forgotten", noTaskIsForgotten},
                               {"pool: stops at any moment", manyStopAtAnyMoment}});
}
