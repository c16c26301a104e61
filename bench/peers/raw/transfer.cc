// Copies in memory, and whole data files written, read and dropped from the page cache.
#include <dirent.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "crc32c/crc32c.h"
#include "json.h"
#include "measured.h"

namespace {

constexpr std::size_t kWrite = std::size_t{1} << 20;
constexpr std::size_t kRead = std::size_t{256} << 10;
constexpr std::size_t kDirect = std::size_t{4} << 20;
constexpr std::size_t kPiece = std::size_t{16} << 20;
constexpr std::size_t kWriteback = std::size_t{8} << 20;

struct Source {
  std::string path;
  std::uint64_t size;
};

std::vector<Source> dataFiles(const std::string& directory) {
  std::vector<Source> files;
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) fail("opendir " + directory);
  while (const dirent* entry = ::readdir(stream)) {
    const std::string path = directory + "/" + entry->d_name;
    struct stat info {};
    if (std::strstr(entry->d_name, ".data-") == nullptr || ::stat(path.c_str(), &info) != 0) continue;
    files.push_back({path, static_cast<std::uint64_t>(info.st_size)});
  }
  ::closedir(stream);
  return files;
}

void remove(const std::vector<Source>& files) {
  for (const Source& file : files) {
    if (::unlink(file.path.c_str()) != 0) fail("unlink " + file.path);
  }
}

// An error of one of the threads is thrown on the caller's.
void inParallel(std::size_t count, const std::function<void(std::size_t)>& run) {
  std::vector<std::thread> threads;
  std::vector<std::exception_ptr> errors(count);
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      try {
        run(i);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

void writeAll(int file, const std::uint8_t* data, std::uint64_t from, std::uint64_t to, std::size_t most) {
  while (from < to) {
    const ssize_t done =
        ::pwrite(file, data + from, std::min<std::uint64_t>(most, to - from), static_cast<off_t>(from));
    if (done <= 0) fail("pwrite");
    from += static_cast<std::uint64_t>(done);
  }
}

void reserve(int file, std::uint64_t bytes) {
  if (bytes > 0 && ::fallocate(file, 0, 0, static_cast<off_t>(bytes)) != 0 && errno != EOPNOTSUPP) fail("fallocate");
}

void writeDirect(const std::string& path, const std::uint8_t* data, std::uint64_t bytes, bool durable) {
  const int direct = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_DIRECT | O_CLOEXEC, 0666);
  if (direct < 0 && errno == EINVAL) {
    ::unlink(path.c_str());
    throw Unavailable{"this file system has no O_DIRECT"};
  }
  if (direct < 0) fail("open " + path);
  ::close(direct);
  const File file(path, O_RDWR | O_DIRECT);
  reserve(file.get(), bytes);
  const std::uint64_t aligned = bytes / 4096 * 4096;
  writeAll(file.get(), data, 0, aligned, kDirect);
  const File rest(path, O_RDWR);
  writeAll(rest.get(), data, aligned, bytes, kDirect);
  if (durable && ::fdatasync(rest.get()) != 0) fail("fdatasync");
}

void writeFile(const std::string& path, const std::uint8_t* data, std::uint64_t bytes, bool durable, bool ranges) {
  const File file(path, O_CREAT | O_EXCL | O_RDWR);
  reserve(file.get(), bytes);
  for (std::uint64_t at = 0; at < bytes; at += kWriteback) {
    const std::uint64_t end = std::min<std::uint64_t>(at + kWriteback, bytes);
    writeAll(file.get(), data, at, end, kWrite);
    // Only a hint to the disk, so its result does not matter.
    if (durable && ranges) {
      ::sync_file_range(file.get(), static_cast<off_t>(at), static_cast<off_t>(end - at), SYNC_FILE_RANGE_WRITE);
    }
  }
  if (durable && ::fdatasync(file.get()) != 0) fail("fdatasync");
}

// What is done with each read piece: added up by XOR, which costs next to nothing, or by the checksum.
std::uint64_t consumed(const std::uint8_t* data, std::size_t bytes, const tensorbundle::Crc32c* crc) {
  if (crc != nullptr) return crc->extend(0, data, bytes);
  std::uint64_t sums[8] = {};
  for (std::size_t i = 0; i + 64 <= bytes; i += 64) {
    std::uint64_t words[8];
    std::memcpy(words, data + i, 64);
    for (int k = 0; k < 8; ++k) sums[k] ^= words[k];
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t part : sums) sum ^= part;
  return sum;
}

void readBytes(int file, std::uint8_t* to, std::uint64_t at, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got = ::pread(file, to + done, bytes - done, static_cast<off_t>(at + done));
    if (got <= 0) fail("pread");
    done += static_cast<std::size_t>(got);
  }
}

struct Reading {
  bool copy;
  bool direct;
  const tensorbundle::Crc32c* crc;
  std::atomic<std::uint64_t> sum{0};
};

void readFile(const Source& source, std::uint8_t* whole, Reading* how) {
  const int flags = how->direct ? O_RDONLY | O_DIRECT : O_RDONLY;
  const int opened = ::open(source.path.c_str(), flags | O_CLOEXEC);
  if (opened < 0 && errno == EINVAL) throw Unavailable{"this file system has no O_DIRECT"};
  if (opened < 0) fail("open " + source.path);
  ::close(opened);
  const File file(source.path, flags);
  const std::size_t most = how->direct ? kDirect : kRead;
  std::atomic<std::uint64_t> next{0};
  inParallel(std::max(1U, std::thread::hardware_concurrency()), [&](std::size_t) {
    const Buffer buffer = how->copy ? nullptr : allocate(most);
    for (std::uint64_t at = next.fetch_add(kPiece); at < source.size; at = next.fetch_add(kPiece)) {
      const std::uint64_t end = std::min<std::uint64_t>(at + kPiece, source.size);
      if (how->copy) {
        readBytes(file.get(), whole + at, at, end - at);
        continue;
      }
      for (std::uint64_t from = at; from < end; from += most) {
        const std::size_t bytes = std::min<std::uint64_t>(most, end - from);
        if (how->direct) {
          // The end of the file comes short, whatever length is asked for.
          if (::pread(file.get(), buffer.get(), most, static_cast<off_t>(from)) < static_cast<ssize_t>(bytes)) {
            fail("pread");
          }
        } else {
          readBytes(file.get(), buffer.get(), from, bytes);
        }
        how->sum ^= consumed(buffer.get(), bytes, how->crc);
      }
    }
  });
}

}  // namespace

Reply memcpyRun(const Json& request) {
  Reply reply;
  reply.bytes = request.number("bytes");
  reply.how = "memcpy from and into memory that was touched before, one thread";
  const Buffer from = filled(reply.bytes);
  const Buffer to = filled(reply.bytes);
  repeat(request.number("repeats", 1), &reply, [] {}, [&] { std::memcpy(to.get(), from.get(), reply.bytes); });
  // Somebody must look at the copy, or the compiler may leave it out.
  if (std::memcmp(to.get(), from.get(), reply.bytes) != 0) throw std::runtime_error("memcpy copied something else");
  return reply;
}

Reply writeRun(const Json& request) {
  const std::string directory = request.text("directory");
  const std::string method = request.text("method", "ranges");
  const std::uint64_t files = request.number("files", 1);
  const bool overwrite = request.flag("overwrite");
  Reply reply;
  reply.bytes = request.number("bytes");
  reply.syncs = request.flag("durable");
  reply.how = std::string("fallocate, pwrite of ") +
              (method == "direct" ? "4 MiB with O_DIRECT" : "1 MiB") +
              (reply.syncs && method == "ranges" ? ", sync_file_range each 8 MiB" : "") +
              (reply.syncs ? ", fdatasync, fsync of the folder" : "") +
              (overwrite ? "; then the files before are removed" : "");
  const Buffer data = filled(reply.bytes);
  std::vector<Source> before;
  int turn = 0;
  const auto prepare = [&] {
    before = dataFiles(directory);
    if (overwrite) return;
    remove(before);
    before.clear();
  };
  const auto run = [&] {
    std::string prefix = directory + "/raw.data-";
    // A free name for the new files beside the old ones.
    if (overwrite) {
      do {
        prefix = directory + "/raw" + std::to_string(turn++) + ".data-";
      } while (::access((prefix + "0").c_str(), F_OK) == 0);
    }
    const std::uint64_t part = (reply.bytes / files + 4095) / 4096 * 4096;
    inParallel(files, [&](std::size_t i) {
      const std::uint64_t from = std::min(part * i, reply.bytes);
      const std::uint64_t length = i + 1 == files ? reply.bytes - from : std::min(part, reply.bytes - from);
      const std::string path = prefix + std::to_string(i);
      if (method == "direct") writeDirect(path, data.get() + from, length, reply.syncs);
      else writeFile(path, data.get() + from, length, reply.syncs, method == "ranges");
    });
    if (reply.syncs) {
      const File folder(directory, O_RDONLY | O_DIRECTORY);
      if (::fsync(folder.get()) != 0) fail("fsync");
    }
    remove(before);
  };
  repeat(request.number("repeats", 1), &reply, prepare, run);
  return reply;
}

Reply readRun(const Json& request) {
  const std::string method = request.text("method", "pread");
  const std::vector<Source> files = dataFiles(request.text("directory"));
  if (files.empty()) throw std::runtime_error("there is no data file in " + request.text("directory"));
  const tensorbundle::Crc32c crc;
  Reading how{method == "copy", method == "direct", method == "crc" ? &crc : nullptr};
  Reply reply;
  reply.verifies = method == "crc";
  reply.how = method == "copy"     ? "pread into new memory of the whole size, all cores"
              : method == "direct" ? "pread of 4 MiB with O_DIRECT, all cores, XOR"
              : method == "crc"    ? "pread of 256 KiB, all cores, CRC32C"
                                   : "pread of 256 KiB, all cores, XOR";
  for (const Source& file : files) reply.bytes += file.size;
  std::vector<Buffer> whole;
  repeat(request.number("repeats", 1), &reply, [&] { whole.clear(); },
         [&] {
           for (const Source& file : files) {
             if (how.copy) whole.push_back(allocate(file.size));
             readFile(file, how.copy ? whole.back().get() : nullptr, &how);
           }
         });
  if (how.copy) reply.peakRss -= std::min(reply.peakRss, reply.bytes);
  return reply;
}

Reply evictRun(const Json& request) {
  Reply reply;
  reply.how = "posix_fadvise DONTNEED";
  for (const Source& source : dataFiles(request.text("directory"))) {
    const File file(source.path, O_RDONLY);
    // Pages that are not written yet cannot be dropped.
    if (::fdatasync(file.get()) != 0) fail("fdatasync");
    errno = ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    if (errno != 0) fail("posix_fadvise");
    reply.bytes += source.size;
  }
  return reply;
}

Reply touchRun(const Json& request) {
  Reply reply;
  reply.bytes = request.number("bytes");
  reply.how = "one byte of each page of new memory";
  repeat(1, &reply, [] {}, [&] {
    void* const memory =
        ::mmap(nullptr, reply.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    for (std::uint64_t at = 0; at < reply.bytes; at += 4096) static_cast<volatile std::uint8_t*>(memory)[at] = 1;
    ::munmap(memory, reply.bytes);
  });
  return reply;
}
