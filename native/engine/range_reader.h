// Reads many ranges of several files and computes the CRC32C of each, with as many threads as are useful.
//
// Always reads with pread into own buffers, never through a mapping. That is as fast. A file that is truncated
// meanwhile causes an error and not a SIGBUS. And it reads the file itself, not what JavaScript wrote into a private
// mapping.
//
// First plan() cuts long ranges into pieces and gathers neighbouring short ones into groups, each of which needs one
// read. Then any number of threads call work(), each once. Then checksums() joins the pieces.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "crc32c/crc32c.h"
#include "engine/descriptor.h"
#include "engine/status.h"
#include "engine/stop_token.h"

namespace tensorbundle {

struct Range {
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  // Where the bytes go; null if only the checksum is wanted.
  std::uint8_t* into = nullptr;
};

class RangeReader {
 public:
  static constexpr std::size_t kBuffer = std::size_t{256} << 10;
  static constexpr std::uint64_t kPiece = std::uint64_t{2} << 20;
  // Up to this many bytes between two short ranges are read too, since that is cheaper than a second read.
  static constexpr std::uint64_t kGap = 4096;

  RangeReader(std::vector<std::shared_ptr<Descriptor>> files, std::vector<Range> ranges, const Crc32c& crc32c);

  // Compares the ranges with the files' sizes before it allocates anything for them. `parts` becomes the number of
  // threads that should call work(), at most `threads`.
  Status plan(std::size_t threads, std::size_t* parts);
  Status work(const StopToken& stop);
  // One checksum per range, in their order. Valid after every work() has succeeded.
  std::vector<std::uint32_t> checksums() const;

 private:
  struct Piece {
    Range range;
    std::uint32_t index;
    std::uint32_t crc;
  };

  Status checkSizes() const;
  void cut();
  void group();
  Status readGroup(std::size_t group, std::uint8_t* buffer, const StopToken& stop);
  Status readTogether(Piece* first, Piece* last, std::uint64_t end, std::uint8_t* buffer);
  Status readAlone(Piece* piece, std::uint8_t* buffer, const StopToken& stop);

  const std::vector<std::shared_ptr<Descriptor>> files_;
  const std::vector<Range> ranges_;
  const Crc32c& crc32c_;
  std::vector<Piece> pieces_;
  // Group g has the pieces from groups_[g] up to, not including, groups_[g + 1].
  std::vector<std::size_t> groups_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace tensorbundle
