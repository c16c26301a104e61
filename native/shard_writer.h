// Writes one data file from front to back. Bytes are copied into a chunk that fits the second-level cache, checksummed
// there and written from there: what is checksummed is what is written, whatever happens to the caller's buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aligned_buffer.h"
#include "crc32c.h"
#include "descriptor.h"
#include "status.h"
#include "stop_token.h"

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

  // Appends the views in order; one CRC32C for each. Part of the bytes may stay in the chunk.
  Status append(const std::vector<Bytes>& views, const Crc32c& crc32c, const StopToken& stop,
                std::vector<std::uint32_t>* crcs);
  // Writes the rest; EINVAL if the total is not what was announced. Then fdatasync if `durable`.
  Status finish(bool durable);
  // Waits for a running append; what is pending is given up. Idempotent.
  Status close();

 private:
  ShardWriter(std::shared_ptr<Descriptor> file, const Options& options);

  Status ready() const;
  Status appendLocked(const std::vector<Bytes>& views, const Crc32c& crc32c, const StopToken& stop,
                      std::vector<std::uint32_t>* crcs);
  Status flush();
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
