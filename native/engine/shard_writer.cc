#include "engine/shard_writer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/file_calls.h"
#include "engine/transfer.h"

namespace tensorbundle {
namespace {

// With these errors the file system cannot reserve space, but may still be able to write.
bool cannotReserve(Error error) {
  return error == Error::kEOPNOTSUPP || error == Error::kENOTSUP || error == Error::kENOSYS || error == Error::kEINVAL;
}

Status reserve(const Descriptor& file, std::uint64_t bytes) {
  if (bytes == 0) return {};
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Status::failure(Error::kEFBIG, "fallocate", file.path());
  }
  const Result done = uninterrupted([&] { return file.operations()->reserve(file.file(), bytes); });
  return done >= 0 || cannotReserve(errorOf(done)) ? Status{}
                                                   : Status::failure(errorOf(done), "fallocate", file.path());
}

// Whole pages, and at least one.
std::size_t chunkFor(std::uint64_t bytes) {
  constexpr std::uint64_t kPage = 4096;
  if (bytes >= ShardWriter::kChunk) return ShardWriter::kChunk;
  return static_cast<std::size_t>(std::max(kPage, (bytes + kPage - 1) / kPage * kPage));
}

// Computes one CRC32C per item over bytes that come in parts.
class ItemChecksums {
 public:
  ItemChecksums(const std::vector<std::uint64_t>& lengths, const Crc32c& crc32c)
      : lengths_(lengths), crc32c_(crc32c), crcs_(lengths.size(), 0) {}

  // Whether the items together have exactly as many bytes as the views.
  bool cover(const std::vector<Bytes>& views) const {
    std::uint64_t left = 0;
    for (const Bytes& view : views) left += view.size;
    for (const std::uint64_t length : lengths_) {
      if (length > left) return false;
      left -= length;
    }
    return left == 0;
  }

  // Takes the next bytes, in all not more than the items have.
  void take(const std::uint8_t* bytes, std::size_t size) {
    while (size > 0) {
      const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(size, lengths_[item_] - inItem_));
      crcs_[item_] = crc32c_.extend(crcs_[item_], bytes, part);
      bytes += part;
      size -= part;
      inItem_ += part;
      if (inItem_ < lengths_[item_]) continue;
      ++item_;
      inItem_ = 0;
    }
  }

  std::vector<std::uint32_t> result() { return std::move(crcs_); }

 private:
  const std::vector<std::uint64_t>& lengths_;
  const Crc32c& crc32c_;
  std::vector<std::uint32_t> crcs_;
  std::size_t item_ = 0;
  std::uint64_t inItem_ = 0;
};

}  // namespace

Status ShardWriter::create(const Descriptor& directory, const std::string& name, const Options& options,
                           std::unique_ptr<ShardWriter>* result) {
  std::shared_ptr<Descriptor> file;
  Status status = openFile(directory, name, OpenMode::kCreate, options.permissions, &file);
  if (!status.ok()) return status;
  status = reserve(*file, options.bytes);
  if (!status.ok()) {
    bool existed = false;
    unlinkName(directory, name, &existed);
    return status;
  }
  result->reset(new ShardWriter(std::move(file), options));
  return {};
}

ShardWriter::ShardWriter(std::shared_ptr<Descriptor> file, const Options& options)
    : file_(std::move(file)),
      path_(file_->path()),
      announced_(options.bytes),
      writeBehind_(options.writeBehind),
      chunkBytes_(chunkFor(options.bytes)) {}

Status ShardWriter::ready() const {
  if (!failure_.ok()) return failure_;
  return file_ ? Status{} : Status::failure(Error::kEBADF, "pwrite", path_);
}

Status ShardWriter::append(const std::vector<Bytes>& views, const std::vector<std::uint64_t>& lengths,
                           const Crc32c& crc32c, const StopToken& stop, std::vector<std::uint32_t>* crcs) {
  ItemChecksums checksums(lengths, crc32c);
  const std::lock_guard<std::mutex> guard(mutex_);
  Status status = ready();
  if (!status.ok()) return status;
  if (!checksums.cover(views)) return Status::failure(Error::kEINVAL, "lengths", path_);
  const auto take = [&](const std::uint8_t* bytes, std::size_t size) { checksums.take(bytes, size); };
  failure_ = appendLocked(views, kChunk, stop, take);
  *crcs = checksums.result();
  return failure_;
}

Status ShardWriter::append(const std::vector<Bytes>& views, const StopToken& stop) {
  const std::lock_guard<std::mutex> guard(mutex_);
  Status status = ready();
  if (!status.ok()) return status;
  failure_ = appendLocked(views, kWholeRun, stop, [](const std::uint8_t*, std::size_t) {});
  return failure_;
}

template <typename Take>
Status ShardWriter::appendLocked(const std::vector<Bytes>& views, std::size_t run, const StopToken& stop, Take take) {
  for (const Bytes& view : views) {
    for (std::size_t done = 0; done < view.size;) {
      const std::uint8_t* from = view.data + done;
      const std::size_t left = view.size - done;
      const bool whole = pending_ == 0 && left >= kChunk;
      const std::size_t part = whole ? std::min(left - left % kChunk, run) : std::min(left, chunkBytes_ - pending_);
      // Allocated only now, so that shards that wait for their turn hold no memory.
      if (!whole && !chunk_) chunk_ = allocateAligned(chunkBytes_);
      if (!whole) std::memcpy(chunk_.get() + pending_, from, part);
      take(whole ? from : chunk_.get() + pending_, part);
      done += part;
      if (!whole) pending_ += part;
      if (!whole && pending_ < chunkBytes_) continue;
      if (stop.requested()) return Status::canceled();
      Status status = whole ? write(from, part) : flush();
      if (!status.ok()) return status;
    }
  }
  return {};
}

Status ShardWriter::flush() {
  if (pending_ == 0) return {};
  Status status = write(chunk_.get(), pending_);
  if (status.ok()) pending_ = 0;
  return status;
}

Status ShardWriter::write(const std::uint8_t* bytes, std::size_t size) {
  Status status = writeFully(*file_, bytes, size, written_);
  if (!status.ok()) return status;
  written_ += size;
  return writeBack();
}

Status ShardWriter::writeBack() {
  const std::uint64_t length = written_ - handedOver_;
  if (!writeBehind_ || length < writebackRun_) return {};
  writebackRun_ = std::min(writebackRun_ * 2, kWritebackRun);
  const Result done = file_->operations()->startWriteback(file_->file(), handedOver_, length);
  // A write that failed in the background is reported only once, perhaps here, so it must not be ignored.
  const Error error = errorOf(done);
  if (error == Error::kEIO || error == Error::kENOSPC || error == Error::kEDQUOT) {
    return Status::failure(error, "sync_file_range", path_, static_cast<std::int64_t>(handedOver_));
  }
  // Any other error means that this file system or kernel cannot do it. That does not matter, since it is only a hint.
  if (done < 0 && error != Error::kEINTR) writeBehind_ = false;
  handedOver_ = written_;
  return {};
}

Status ShardWriter::finish(bool durable) {
  const std::lock_guard<std::mutex> guard(mutex_);
  Status status = ready();
  if (!status.ok()) return status;
  failure_ = flush();
  chunk_.reset();
  if (failure_.ok() && written_ != announced_) {
    failure_ = Status::failure(Error::kEINVAL, "finish", path_, static_cast<std::int64_t>(written_));
  }
  if (failure_.ok() && durable) failure_ = file_->sync(Descriptor::SyncKind::kData);
  return failure_;
}

Status ShardWriter::close() {
  const std::lock_guard<std::mutex> guard(mutex_);
  chunk_.reset();
  if (!file_) return {};
  Status status = file_->close();
  file_.reset();
  return status;
}

}  // namespace tensorbundle
