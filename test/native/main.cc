// Runs the native unit tests: all of them, or those whose names contain the argument.
#include <cstring>

#include "check.h"

int main(int count, char** arguments) {
  std::vector<check::Case> cases;
  check::crc32cCases(&cases);
  // For another processor, whose kernels are all that is asked for.
#ifndef ONLY_CRC32C
  check::fileCases(&cases);
  check::shardCases(&cases);
  check::rangeCases(&cases);
  check::waitCases(&cases);
  check::patienceCases(&cases);
  check::poolCases(&cases);
  check::jobCases(&cases);
  check::tableCases(&cases);
  check::memoryCases(&cases);
#endif
  int run = 0;
  for (const check::Case& one : cases) {
    if (count > 1 && std::strstr(one.name, arguments[1]) == nullptr) continue;
    one.run();
    std::printf("ok %s\n", one.name);
    std::fflush(stdout);
    ++run;
  }
  std::printf("%d passed\n", run);
  return run > 0 ? 0 : 1;
}
