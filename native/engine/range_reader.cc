#include "engine/range_reader.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "engine/aligned_buffer.h"
#include "engine/file_calls.h"
#include "engine/memory.h"
#include "engine/transfer.h"

namespace tensorbundle {
namespace {

// It is not worth waking another thread for less than this.
constexpr std::uint64_t kBytesPerPart = std::uint64_t{1} << 20;
// Ranges of at least this size are read straight into their place, not through the buffer.
constexpr std::uint64_t kDirect = std::uint64_t{32} << 10;
constexpr std::uint64_t kCutFrom = std::uint64_t{4} << 20;

bool before(const Range& a, const Range& b) { return std::tie(a.file, a.offset) < std::tie(b.file, b.offset); }

}  // namespace

RangeReader::RangeReader(std::vector<std::shared_ptr<Descriptor>> files, std::vector<Range> ranges,
                         const Crc32c& crc32c)
    : files_(std::move(files)), ranges_(std::move(ranges)), crc32c_(crc32c) {}

Status RangeReader::plan(std::size_t threads, std::size_t* parts) {
  Status status = checkSizes();
  if (!status.ok()) return status;
  cut();
  group();
  std::uint64_t bytes = 0;
  for (const Range& range : ranges_) bytes += range.length;
  const std::uint64_t groups = groups_.size() - 1;
  const std::uint64_t useful = std::max<std::uint64_t>(1, std::min(groups, bytes / kBytesPerPart));
  *parts = static_cast<std::size_t>(std::min<std::uint64_t>(useful, threads));
  return {};
}

Status RangeReader::checkSizes() const {
  std::vector<std::uint64_t> sizes;
  for (const auto& file : files_) {
    FileStat info;
    Status status = statHandle(*file, &info);
    if (!status.ok()) return status;
    sizes.push_back(info.size);
  }
  for (const Range& range : ranges_) {
    const std::uint64_t size = sizes[range.file];
    if (range.length > size || range.offset > size - range.length) {
      return Status::endsEarly("pread", files_[range.file]->path(),
                               static_cast<std::int64_t>(std::max(range.offset, size)));
    }
  }
  return {};
}

void RangeReader::cut() {
  pieces_.reserve(ranges_.size());
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    Range rest = ranges_[i];
    const auto index = static_cast<std::uint32_t>(i);
    for (const bool large = rest.length >= kCutFrom; large && rest.length > kPiece;) {
      Range piece = rest;
      piece.length = kPiece;
      pieces_.push_back({piece, index, 0});
      rest.offset += kPiece;
      rest.length -= kPiece;
      if (rest.into != nullptr) rest.into += kPiece;
    }
    pieces_.push_back({rest, index, 0});
  }
  // Usually they are in order already. The sort is stable, so that the pieces of a range stay in order even if another
  // range starts at the same place.
  const auto inOrder = [](const Piece& a, const Piece& b) { return before(a.range, b.range); };
  if (!std::is_sorted(pieces_.begin(), pieces_.end(), inOrder)) {
    std::stable_sort(pieces_.begin(), pieces_.end(), inOrder);
  }
}

void RangeReader::group() {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  bool open = false;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const Range& range = pieces_[i].range;
    const bool alone = range.length > kBuffer || (range.into != nullptr && range.length >= kDirect);
    const std::uint64_t rangeEnd = range.offset + range.length;
    const bool joins = open && !alone && range.file == pieces_[i - 1].range.file && range.offset <= end + kGap &&
                       std::max(end, rangeEnd) - start <= kBuffer;
    if (joins) {
      end = std::max(end, rangeEnd);
      continue;
    }
    groups_.push_back(i);
    start = range.offset;
    end = rangeEnd;
    open = !alone;
  }
  groups_.push_back(pieces_.size());
}

Status RangeReader::work(const StopToken& stop) {
  const AlignedBuffer buffer = allocateAligned(kBuffer);
  for (;;) {
    const std::size_t group = next_.fetch_add(1, std::memory_order_relaxed);
    // If another thread has failed, that thread reports it.
    if (group + 1 >= groups_.size() || failed_.load(std::memory_order_relaxed)) return {};
    Status status = readGroup(group, buffer.get(), stop);
    if (!status.ok()) {
      failed_.store(true, std::memory_order_relaxed);
      return status;
    }
  }
}

Status RangeReader::readGroup(std::size_t group, std::uint8_t* buffer, const StopToken& stop) {
  if (stop.requested()) return Status::canceled();
  Piece* first = pieces_.data() + groups_[group];
  Piece* last = pieces_.data() + groups_[group + 1];
  std::uint64_t end = 0;
  for (const Piece* piece = first; piece != last; ++piece) {
    end = std::max(end, piece->range.offset + piece->range.length);
  }
  const bool fits = end - first->range.offset <= kBuffer;
  return last - first > 1 || (fits && first->range.into == nullptr) ? readTogether(first, last, end, buffer)
                                                                    : readAlone(first, buffer, stop);
}

Status RangeReader::readTogether(Piece* first, Piece* last, std::uint64_t end, std::uint8_t* buffer) {
  const std::uint64_t start = first->range.offset;
  Status status = readFully(*files_[first->range.file], buffer, static_cast<std::size_t>(end - start), start);
  if (!status.ok()) return status;
  for (Piece* piece = first; piece != last; ++piece) {
    const std::uint8_t* data = buffer + (piece->range.offset - start);
    const auto length = static_cast<std::size_t>(piece->range.length);
    if (length == 0) continue;
    piece->crc = crc32c_.extend(0, data, length);
    if (piece->range.into != nullptr) std::memcpy(piece->range.into, data, length);
  }
  return {};
}

Status RangeReader::readAlone(Piece* piece, std::uint8_t* buffer, const StopToken& stop) {
  const Range& range = piece->range;
  if (range.into != nullptr && range.length >= kBuffer) populate(range.into, static_cast<std::size_t>(range.length));
  for (std::uint64_t done = 0; done < range.length;) {
    if (stop.requested()) return Status::canceled();
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(range.length - done, kBuffer));
    std::uint8_t* place = range.into == nullptr ? buffer : range.into + done;
    Status status = readFully(*files_[range.file], place, part, range.offset + done);
    if (!status.ok()) return status;
    piece->crc = crc32c_.extend(piece->crc, place, part);
    done += part;
  }
  return {};
}

std::vector<std::uint32_t> RangeReader::checksums() const {
  std::vector<std::uint32_t> crcs(ranges_.size(), 0);
  // A CRC of 0 may mean that nothing was added yet. If it is a real CRC, combining it leaves the second CRC unchanged,
  // too.
  for (const Piece& piece : pieces_) {
    std::uint32_t& crc = crcs[piece.index];
    crc = crc == 0 ? piece.crc : crc32cCombine(crc, piece.crc, piece.range.length);
  }
  return crcs;
}

}  // namespace tensorbundle
