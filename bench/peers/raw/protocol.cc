// Only the files, renames, removals and syncs of one save, as src/commit/publication.ts orders them, and the state
// file. No format, no checksum, no thread: the limit for the latency of a small save.
#include <dirent.h>
#include <sys/file.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "json.h"
#include "measured.h"

namespace {

class Protocol {
 public:
  Protocol(const std::string& directory, const Json& request)
      : path_(directory), durable_(request.flag("durable")), state_(request.number("state", 0)) {
    for (const Json& size : request.at("data").items()) sizes_.push_back(size.number());
    index_ = request.number("index");
    const std::uint64_t most = std::max(index_, std::max(state_, *std::max_element(sizes_.begin(), sizes_.end())));
    content_ = filled(std::max<std::uint64_t>(most, 4096));
  }

  // `total` is the number of data files of this save, and `old` of the one that it replaces; 0 if there is none.
  void save(std::size_t total, std::size_t old) {
    directory_ = check("open", ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    identify(directory_);
    lock(LOCK_EX);
    list();
    readOld("model.index", 64);
    struct statfs space {};
    check("fstatfs", ::fstatfs(directory_, &space));
    const std::string intent = "model.index.intent-" + std::to_string(total) + "-0123456789abcdef";
    const int held = create(intent);
    check("flock", ::flock(held, LOCK_EX | LOCK_NB));
    lock(LOCK_UN);
    writeShards(total);
    if (durable_) sync(directory_, false);
    write(held, index_);
    if (durable_) sync(held, false);
    lock(LOCK_EX);
    struct stat info {};
    count();
    ::fstatat(directory_, "model.index", &info, AT_SYMLINK_NOFOLLOW);
    list();
    check("renameat", ::renameat(directory_, intent.c_str(), directory_, "model.index"));
    check("close", ::close(held));
    if (durable_) sync(directory_, false);
    for (std::size_t i = 0; i < old; ++i) check("unlinkat", ::unlinkat(directory_, shard(i, old).c_str(), 0));
    lock(LOCK_UN);
    if (state_ > 0) writeState();
    check("close", ::close(directory_));
  }

  // How many data files the save of this turn has. An overwrite may not use the names of the generation before, nor, if
  // there are enough tensors, those of the one before that: each extra file takes a tensor of the last one.
  std::size_t total(std::size_t turn) const {
    const bool single = std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t{0}) <= 8;
    return sizes_.size() + turn % (single ? 2 : 3);
  }

  std::uint64_t operations() const { return operations_; }
  double secondsOfSyncs() const { return syncs_; }
  void forget() {
    operations_ = 0;
    syncs_ = 0;
  }

 private:
  void count() { ++operations_; }

  int check(const char* call, int result) {
    count();
    if (result < 0) fail(call);
    return result;
  }

  void identify(int file) {
    struct stat info {};
    check("fstat", ::fstat(file, &info));
  }

  void lock(int how) { check("flock", ::flock(directory_, how)); }

  void sync(int file, bool dataOnly) {
    const auto started = std::chrono::steady_clock::now();
    check("fsync", dataOnly ? ::fdatasync(file) : ::fsync(file));
    syncs_ += secondsSince(started);
  }

  void list() {
    const int copy = check("openat", ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR* const stream = ::fdopendir(copy);
    if (stream == nullptr) fail("fdopendir");
    count();
    while (::readdir(stream) != nullptr) continue;
    ::closedir(stream);
  }

  void readOld(const char* name, std::size_t bytes) {
    count();
    const int file = ::openat(directory_, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    identify(file);
    std::uint8_t header[4096];
    check("pread", static_cast<int>(::pread(file, header, bytes, 0)));
    check("close", ::close(file));
  }

  int create(const std::string& name) {
    return check("openat",
                 ::openat(directory_, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  }

  void write(int file, std::uint64_t bytes) {
    for (std::uint64_t at = 0; at < bytes;) {
      const ssize_t done = ::pwrite(file, content_.get() + at, bytes - at, static_cast<off_t>(at));
      count();
      if (done <= 0) fail("pwrite");
      at += static_cast<std::uint64_t>(done);
    }
  }

  static std::string shard(std::size_t number, std::size_t total) {
    char name[64];
    std::snprintf(name, sizeof name, "model.data-%05zu-of-%05zu", number, total);
    return name;
  }

  void writeShards(std::size_t total) {
    const std::size_t natural = sizes_.size();
    const std::uint64_t each = std::min<std::uint64_t>(4, sizes_.back() / 4);
    for (std::size_t i = 0; i < total; ++i) {
      std::uint64_t bytes = i < natural ? sizes_[i] : each;
      if (i + 1 == natural) bytes -= each * (total - natural);
      const int file = create(shard(i, total));
      if (bytes > 0 && ::fallocate(file, 0, 0, static_cast<off_t>(bytes)) != 0 && errno != EOPNOTSUPP) {
        fail("fallocate");
      }
      count();
      write(file, bytes);
      if (durable_) sync(file, true);
      check("close", ::close(file));
    }
  }

  void writeState() {
    lock(LOCK_EX);
    readOld("checkpoint", 4096);
    const int file = create("checkpoint.new");
    check("flock", ::flock(file, LOCK_EX | LOCK_NB));
    write(file, state_);
    if (durable_) sync(file, false);
    check("renameat", ::renameat(directory_, "checkpoint.new", directory_, "checkpoint"));
    check("close", ::close(file));
    if (durable_) sync(directory_, false);
    lock(LOCK_UN);
  }

  std::string path_;
  bool durable_;
  std::uint64_t state_;
  std::uint64_t index_ = 0;
  std::vector<std::uint64_t> sizes_;
  Buffer content_;
  int directory_ = -1;
  std::uint64_t operations_ = 0;
  double syncs_ = 0;
};

void clear(const std::string& directory) {
  DIR* const stream = ::opendir(directory.c_str());
  if (stream == nullptr) fail("opendir " + directory);
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name.rfind("model.", 0) == 0 || name.rfind("checkpoint", 0) == 0) ::unlink((directory + "/" + name).c_str());
  }
  ::closedir(stream);
}

}  // namespace

Reply protocolRun(const Json& request) {
  const std::string directory = request.text("directory");
  const bool overwrite = request.flag("overwrite");
  const bool onlySyncs = request.text("run") == "syncs";
  Protocol protocol(directory, request);
  Reply reply;
  for (const Json& size : request.at("data").items()) reply.bytes += size.number();
  reply.syncs = request.flag("durable");
  reply.how = onlySyncs ? "only the syncs of the commit protocol, after its files were written"
                        : "only the files, renames, removals and syncs of the commit protocol, in C, on one thread";
  clear(directory);
  std::size_t turn = 0;
  std::vector<double> syncs;
  if (overwrite) protocol.save(protocol.total(turn++), 0);
  repeat(request.number("repeats", 1), &reply,
         [&] {
           if (!overwrite) clear(directory);
           protocol.forget();
         },
         [&] {
           if (overwrite) {
             protocol.save(protocol.total(turn), protocol.total(turn - 1));
             ++turn;
           } else {
             protocol.save(protocol.total(0), 0);
           }
           syncs.push_back(protocol.secondsOfSyncs());
         });
  reply.operations = protocol.operations();
  if (onlySyncs) reply.times = syncs;
  return reply;
}
