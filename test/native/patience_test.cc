// When a thread waits for its jobs, counted in jobs.
#include "engine/patience.h"

#include "check.h"

namespace {

using tensorbundle::Patience;

// Of `jobs` jobs, how many are waited for.
std::size_t waits(Patience* patience, std::size_t jobs, bool inVain) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < jobs; ++i) {
    if (patience->next().count() == 0) continue;
    ++count;
    patience->ended(inVain);
  }
  return count;
}

void firstWaitIsLonger() {
  Patience patience;
  CHECK(patience.next() == Patience::kFirstWait);
  // It did not come to a wait.
  CHECK(patience.next() == Patience::kFirstWait);
  patience.ended(true);
  CHECK(patience.next() == Patience::kBriefWait);
  patience.ended(false);
  CHECK(patience.next() == Patience::kBriefWait);
  CHECK(Patience::kBriefWait < Patience::kFirstWait && Patience::kFirstWait <= std::chrono::milliseconds(1));
}

void vainWaitsAreGivenUp() {
  Patience patience;
  CHECK(waits(&patience, 1000, false) == 1000);
  CHECK(waits(&patience, 4, true) == 4);
  // Now and then it is tried again.
  CHECK(waits(&patience, 31, true) == 0);
  CHECK(waits(&patience, 1, true) == 1);
  CHECK(waits(&patience, 3200, true) == 100);
  // One that was not in vain makes all of them worth it.
  CHECK(waits(&patience, 31, false) == 0);
  CHECK(waits(&patience, 1000, false) == 1000);
  // Only those in a row count.
  for (int i = 0; i < 100; ++i) {
    CHECK(waits(&patience, 3, true) == 3);
    CHECK(waits(&patience, 1, false) == 1);
  }
}

}  // namespace

void check::patienceCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"patience: the first wait is longer", firstWaitIsLonger},
                               {"patience: vain waits are given up", vainWaitsAreGivenUp}});
}
