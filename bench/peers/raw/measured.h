// What all runs have in common: files, memory, repeats, and the reply as JSON.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

// The reason why a run cannot be made here. It is an answer, and not a failure.
struct Unavailable {
  std::string reason;
};

[[noreturn]] inline void fail(const std::string& call) {
  throw std::runtime_error(call + ": " + std::strerror(errno));
}

struct AlignedDelete {
  void operator()(std::uint8_t* bytes) const { ::operator delete[](bytes, std::align_val_t{4096}); }
};
using Buffer = std::unique_ptr<std::uint8_t[], AlignedDelete>;

inline Buffer allocate(std::size_t bytes) {
  return Buffer(static_cast<std::uint8_t*>(::operator new[](bytes, std::align_val_t{4096})));
}

// As many different bytes as there are, so that the processor's caches help no more than with tensors.
inline Buffer filled(std::size_t bytes) {
  const std::size_t whole = (bytes + 4095) / 4096 * 4096;
  Buffer data = allocate(whole);
  std::uint64_t state = 1;
  for (std::size_t at = 0; at < whole; at += 8) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    std::memcpy(data.get() + at, &state, 8);
  }
  return data;
}

class File {
 public:
  File(const std::string& path, int flags) : file_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (file_ < 0) fail("open " + path);
  }
  ~File() { ::close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

inline double secondsSince(std::chrono::steady_clock::time_point started) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

struct Reply {
  std::vector<double> times;
  std::uint64_t bytes = 0;
  std::uint64_t peakRss = 0;
  bool verifies = false;
  bool syncs = false;
  std::string how;
  std::uint64_t operations = 0;
};

// Peak of this process's memory since the call of `start`, beyond what it had then.
class PeakMemory {
 public:
  void start();
  std::uint64_t bytes() const;

 private:
  std::uint64_t before_ = 0;
};

// Measures `run` as often as wanted; `before` comes first each time, outside of the time.
void repeat(std::uint64_t times, Reply* reply, const std::function<void()>& before, const std::function<void()>& run);

class Json;
Reply memcpyRun(const Json& request);
Reply writeRun(const Json& request);
Reply readRun(const Json& request);
Reply evictRun(const Json& request);
Reply touchRun(const Json& request);
Reply protocolRun(const Json& request);
