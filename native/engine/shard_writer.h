// Writes one data file from front to back, in blocks that fit the second-level cache: each is checksummed and then
// written while it is hot. Nobody else may write into the bytes during a call: what is checksummed is what is written.
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
  // Dirty pages are handed to the disk in runs of this many bytes, so that the final sync has little left to do.
  static constexpr std::uint64_t kWritebackRun = std::uint64_t{8} << 20;

  struct Options {
    std::uint64_t bytes = 0;
    int permissions = -1;
    // Worth it before a sync; without one it only slows the writer down.
    bool writeBehind = true;
  };

  // Creates the file and reserves its blocks; leaves no file behind on failure.
  static Status create(const Descriptor& directory, const std::string& name, const Options& options,
                       std::unique_ptr<ShardWriter>* result);

  // Appends the views in order. Their bytes, one after the other, are cut into items of `lengths` bytes, wherever a
  // view ends; one CRC32C for each item. EINVAL if the sums differ. What does not fill a block may stay in the chunk.
  Status append(const std::vector<Bytes>& views, const std::vector<std::uint64_t>& lengths, const Crc32c& crc32c,
                const StopToken& stop, std::vector<std::uint32_t>* crcs);
  // Writes the rest; EINVAL if the total is not what was announced. Then fdatasync if `durable`.
  Status finish(bool durable);
  // Waits for a running append; what is pending is given up. Idempotent.
  Status close();

 private:
  ShardWriter(std::shared_ptr<Descriptor> file, const Options& options);

  Status ready() const;
  // Into the chunk, or whole blocks straight to the file: `take` is given each part before it is written.
  template <typename Take>
  Status appendLocked(const std::vector<Bytes>& views, const StopToken& stop, Take take);
  Status flush();
  Status write(const std::uint8_t* bytes, std::size_t size);
  Status writeBack();

  std::mutex mutex_;
  std::shared_ptr<Descriptor> file_;
  const std::string path_;
  const std::uint64_t announced_;
  bool writeBehind_;
  AlignedBuffer chunk_;
  std::size_t pending_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t handedOver_ = 0;
  // The first failed write or sync is the answer to every later call: nothing is known about the file any more.
  Status failure_;
};

}  // namespace tensorbundle
