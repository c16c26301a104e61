// The checks of the native unit tests: no framework, so that they run under every sanitizer and under valgrind.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace check {

struct Case {
  const char* name;
  void (*run)();
};

// Defined in main.cc; one function a test file.
void crc32cCases(std::vector<Case>* cases);
void fileCases(std::vector<Case>* cases);
void shardCases(std::vector<Case>* cases);
void rangeCases(std::vector<Case>* cases);
void waitCases(std::vector<Case>* cases);
void patienceCases(std::vector<Case>* cases);
void poolCases(std::vector<Case>* cases);
void jobCases(std::vector<Case>* cases);
void tableCases(std::vector<Case>* cases);
void memoryCases(std::vector<Case>* cases);

// A fixed sequence: a failure can be repeated.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  std::vector<std::uint8_t> bytes(std::size_t count) {
    std::vector<std::uint8_t> result(count);
    for (std::size_t i = 0; i < count; i += 8) {
      std::uint64_t word = next();
      for (std::size_t j = i; j < count && j < i + 8; ++j, word >>= 8) result[j] = static_cast<std::uint8_t>(word);
    }
    return result;
  }

 private:
  std::uint64_t state_;
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  std::exit(1);
}

}  // namespace check

#define CHECK(condition)                                           \
  do {                                                             \
    if (!(condition)) check::fail(__FILE__, __LINE__, #condition); \
  } while (false)

#define CHECK_OK(expression)                                                                            \
  do {                                                                                                  \
    const tensorbundle::Status& checked = (expression);                                                 \
    if (!checked.ok()) check::fail(__FILE__, __LINE__, std::string(#expression) + ": " + checked.code); \
  } while (false)

#define CHECK_CODE(expression, expected)                                                                             \
  do {                                                                                                               \
    const tensorbundle::Status& checked = (expression);                                                              \
    if (checked.ok() || std::string(checked.code) != (expected))                                                     \
      check::fail(__FILE__, __LINE__, std::string(#expression) + " gave '" + checked.code + "', not " + (expected)); \
  } while (false)
