// Writes one data file from front to back. Bytes that have no checksum yet are taken in blocks that fit the
// second-level cache: each is checksummed, and then written while it is in the cache. The bytes must not change during
// a call, so that what is checksummed is what is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "crc32c/crc32c.h"
#include "engine/aligned_buffer.h"
#include "engine/descriptor.h"
#include "engine/status.h"
#include "engine/stop_token.h"

namespace tensorbundle {

struct Bytes {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

class ShardWriter {
 public:
  static constexpr std::size_t kChunk = std::size_t{256} << 10;
  // Bytes that need no checksum are written this many at a time.
  static constexpr std::size_t kWholeRun = std::size_t{1} << 20;
  // After this many new bytes the system is told to write them to disk, so that the final sync has little left to do.
  // It begins with the first, so that small files profit too; each run is twice as long as the one before, up to the
  // second.
  static constexpr std::uint64_t kFirstWritebackRun = std::uint64_t{512} << 10;
  static constexpr std::uint64_t kWritebackRun = std::uint64_t{8} << 20;

  struct Options {
    std::uint64_t bytes = 0;
    int permissions = -1;
    // Whether writing to disk starts early. That helps before a sync; without a sync it only slows the writer down.
    bool writeBehind = true;
  };

  // Creates the file and reserves its blocks; leaves no file behind on failure.
  static Status create(const Descriptor& directory, const std::string& name, const Options& options,
                       std::unique_ptr<ShardWriter>* result);

  // Appends the views in order. Their bytes, one after the other, are divided into items of `lengths` bytes,
  // independent of where views end; `crcs` gets one CRC32C per item. EINVAL if the sums differ. Bytes that do not fill
  // a block may stay in the chunk.
  Status append(const std::vector<Bytes>& views, const std::vector<std::uint64_t>& lengths, const Crc32c& crc32c,
                const StopToken& stop, std::vector<std::uint32_t>* crcs);
  // The same for bytes whose checksums the caller knows.
  Status append(const std::vector<Bytes>& views, const StopToken& stop);
  // Writes the rest. EINVAL if the total differs from the announced one. Then fdatasync if `durable`.
  Status finish(bool durable);
  // Waits for a running append. Pending bytes are discarded. May be called several times.
  Status close();

 private:
  ShardWriter(std::shared_ptr<Descriptor> file, const Options& options);

  Status ready() const;
  // Copies bytes into the chunk, or writes whole blocks straight to the file, at most `run` bytes at a time. `take`
  // gets each part before it is written.
  template <typename Take>
  Status appendLocked(const std::vector<Bytes>& views, std::size_t run, const StopToken& stop, Take take);
  Status flush();
  Status write(const std::uint8_t* bytes, std::size_t size);
  Status writeBack();

  std::mutex mutex_;
  std::shared_ptr<Descriptor> file_;
  const std::string path_;
  const std::uint64_t announced_;
  bool writeBehind_;
  std::uint64_t writebackRun_ = kFirstWritebackRun;
  // A small file needs a small chunk.
  const std::size_t chunkBytes_;
  AlignedBuffer chunk_;
  std::size_t pending_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t handedOver_ = 0;
  // Every later call returns the first failed write or sync, since the state of the file is not known any more.
  Status failure_;
};

}  // namespace tensorbundle
