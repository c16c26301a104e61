// Measures what the machine can do without a format: raw writes, reads and eviction of the data files of one folder.
// raw write DIRECTORY BYTES FILES DURABLE BYTES in FILES equal files, one thread per file raw read DIRECTORY every file
// whose name contains ".data-", all cores raw evict DIRECTORY drops these files from the page cache One line of JSON on
// stdout; exit code 1 and a message on stderr if a call fails.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kWrite = std::size_t{1} << 20;
constexpr std::size_t kRead = std::size_t{256} << 10;
constexpr std::size_t kPiece = std::size_t{16} << 20;
constexpr std::size_t kWriteback = std::size_t{8} << 20;

[[noreturn]] void fail(const char* call) {
  std::perror(call);
  std::exit(1);
}

struct AlignedDelete {
  void operator()(std::uint8_t* bytes) const { ::operator delete[](bytes, std::align_val_t{4096}); }
};
using Buffer = std::unique_ptr<std::uint8_t[], AlignedDelete>;

Buffer allocate(std::size_t bytes) {
  return Buffer(static_cast<std::uint8_t*>(::operator new[](bytes, std::align_val_t{4096})));
}

class File {
 public:
  File(const std::string& path, int flags) : file_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (file_ < 0) fail("open");
  }
  ~File() { ::close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

struct Source {
  std::string path;
  std::uint64_t size;
};

std::vector<Source> dataFiles(const std::string& directory) {
  std::vector<Source> files;
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) fail("opendir");
  while (const dirent* entry = ::readdir(stream)) {
    const std::string path = directory + "/" + entry->d_name;
    struct stat info {};
    if (path.find(".data-") == std::string::npos || ::stat(path.c_str(), &info) != 0) continue;
    files.push_back({path, static_cast<std::uint64_t>(info.st_size)});
  }
  ::closedir(stream);
  return files;
}

double secondsSince(std::chrono::steady_clock::time_point started) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

void answer(double seconds, std::uint64_t bytes, std::uint64_t sum) {
  std::printf("{\"seconds\": %.9f, \"bytes\": %llu, \"sum\": \"%llu\"}\n", seconds,
              static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(sum));
}

void writeFile(const std::string& path, const std::uint8_t* data, std::uint64_t bytes, bool durable) {
  const File file(path, O_CREAT | O_EXCL | O_RDWR);
  if (bytes > 0 && ::fallocate(file.get(), 0, 0, static_cast<off_t>(bytes)) != 0) fail("fallocate");
  std::uint64_t handedOver = 0;
  for (std::uint64_t at = 0; at < bytes;) {
    const ssize_t done = ::pwrite(file.get(), data + at, std::min<std::uint64_t>(kWrite, bytes - at),
                                  static_cast<off_t>(at));
    if (done <= 0) fail("pwrite");
    at += static_cast<std::uint64_t>(done);
    if (!durable || at - handedOver < kWriteback) continue;
    ::sync_file_range(file.get(), static_cast<off_t>(handedOver), static_cast<off_t>(at - handedOver),
                      SYNC_FILE_RANGE_WRITE);
    handedOver = at;
  }
  if (durable && ::fdatasync(file.get()) != 0) fail("fdatasync");
}

void write(const std::string& directory, std::uint64_t bytes, std::uint64_t files, bool durable) {
  // As many different bytes as the tensors have, so that the processor's caches do not help more than with tensors.
  const Buffer data = allocate(bytes);
  std::uint64_t state = 1;
  for (std::uint64_t at = 0; at + 8 <= bytes; at += 8) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::memcpy(data.get() + at, &state, 8);
  }
  const auto started = std::chrono::steady_clock::now();
  const std::uint64_t part = bytes / files;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < files; ++i) {
    const std::uint64_t length = i + 1 == files ? bytes - part * i : part;
    threads.emplace_back([&, i, length] {
      writeFile(directory + "/raw.data-" + std::to_string(i), data.get() + part * i, length, durable);
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (durable) {
    const File folder(directory, O_RDONLY | O_DIRECTORY);
    if (::fsync(folder.get()) != 0) fail("fsync");
  }
  answer(secondsSince(started), bytes, 0);
}

std::uint64_t readPiece(int file, std::uint64_t at, std::uint64_t end, std::uint8_t* buffer) {
  std::uint64_t sums[8] = {};
  while (at < end) {
    const ssize_t done =
        ::pread(file, buffer, std::min<std::uint64_t>(kRead, end - at), static_cast<off_t>(at));
    if (done <= 0) fail("pread");
    for (std::size_t i = 0; i + 64 <= static_cast<std::size_t>(done); i += 64) {
      std::uint64_t words[8];
      std::memcpy(words, buffer + i, 64);
      for (int k = 0; k < 8; ++k) sums[k] ^= words[k];
    }
    at += static_cast<std::uint64_t>(done);
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t part : sums) sum ^= part;
  return sum;
}

void read(const std::string& directory) {
  const std::vector<Source> files = dataFiles(directory);
  const auto started = std::chrono::steady_clock::now();
  std::uint64_t bytes = 0;
  std::atomic<std::uint64_t> sum{0};
  for (const Source& source : files) {
    const File file(source.path, O_RDONLY);
    std::atomic<std::uint64_t> next{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
      threads.emplace_back([&] {
        const Buffer buffer = allocate(kRead);
        for (std::uint64_t at; (at = next.fetch_add(kPiece)) < source.size;) {
          sum ^= readPiece(file.get(), at, std::min<std::uint64_t>(at + kPiece, source.size), buffer.get());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    bytes += source.size;
  }
  answer(secondsSince(started), bytes, sum.load());
}

void evict(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const Source& source : dataFiles(directory)) {
    const File file(source.path, O_RDONLY);
    const int error = ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    if (error != 0) {
      std::fprintf(stderr, "posix_fadvise: %s\n", std::strerror(error));
      std::exit(1);
    }
    bytes += source.size;
  }
  answer(0, bytes, 0);
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() == 5 && given[0] == "write") {
    write(given[1], std::stoull(given[2]), std::stoull(given[3]), given[4] == "1");
  } else if (given.size() == 2 && given[0] == "read") {
    read(given[1]);
  } else if (given.size() == 2 && given[0] == "evict") {
    evict(given[1]);
  } else {
    std::fprintf(stderr, "usage: raw write DIRECTORY BYTES FILES DURABLE | read DIRECTORY | evict DIRECTORY\n");
    return 2;
  }
  return 0;
}
