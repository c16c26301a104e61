#include "shard_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "file_calls.h"
#include "transfer.h"

namespace tensorbundle {
namespace {

// A file system that cannot reserve still can write.
bool cannotReserve(int error) { return error == EOPNOTSUPP || error == ENOTSUP || error == ENOSYS || error == EINVAL; }

Status reserve(const Descriptor& file, std::uint64_t bytes) {
  if (bytes == 0) return {};
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Status::failure(EFBIG, "fallocate", file.path());
  }
  const int done = uninterrupted([&] { return file.operations()->reserve(file.file(), bytes); });
  return done >= 0 || cannotReserve(-done) ? Status{} : Status::failure(-done, "fallocate", file.path());
}

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
      writeBehind_(options.writeBehind) {}

Status ShardWriter::ready() const {
  if (!failure_.ok()) return failure_;
  return file_ ? Status{} : Status::failure(EBADF, "pwrite", path_);
}

Status ShardWriter::append(const std::vector<Bytes>& views, const Crc32c& crc32c, const StopToken& stop,
                           std::vector<std::uint32_t>* crcs) {
  const std::lock_guard<std::mutex> guard(mutex_);
  Status status = ready();
  if (!status.ok()) return status;
  crcs->assign(views.size(), 0);
  // Only now: shards that wait for their turn hold no memory.
  if (!chunk_) chunk_ = allocateAligned(kChunk);
  failure_ = appendLocked(views, crc32c, stop, crcs);
  return failure_;
}

Status ShardWriter::appendLocked(const std::vector<Bytes>& views, const Crc32c& crc32c, const StopToken& stop,
                                 std::vector<std::uint32_t>* crcs) {
  for (std::size_t i = 0; i < views.size(); ++i) {
    std::uint32_t crc = 0;
    for (std::size_t done = 0; done < views[i].size;) {
      const std::size_t part = std::min(views[i].size - done, kChunk - pending_);
      std::uint8_t* place = chunk_.get() + pending_;
      std::memcpy(place, views[i].data + done, part);
      crc = crc32c.extend(crc, place, part);
      pending_ += part;
      done += part;
      if (pending_ < kChunk) continue;
      if (stop.requested()) return Status::canceled();
      Status status = flush();
      if (!status.ok()) return status;
    }
    (*crcs)[i] = crc;
  }
  return {};
}

Status ShardWriter::flush() {
  if (pending_ == 0) return {};
  Status status = writeFully(*file_, chunk_.get(), pending_, written_);
  if (!status.ok()) return status;
  written_ += pending_;
  pending_ = 0;
  return writeBack();
}

Status ShardWriter::writeBack() {
  const std::uint64_t length = written_ - handedOver_;
  if (!writeBehind_ || length < kWritebackRun) return {};
  const int done = file_->operations()->startWriteback(file_->file(), handedOver_, length);
  // A write that failed in the background is reported once, perhaps here: it must not get lost.
  const int error = -done;
  if (error == EIO || error == ENOSPC || error == EDQUOT) {
    return Status::failure(error, "sync_file_range", path_, static_cast<std::int64_t>(handedOver_));
  }
  // Anything else means that this file system or system cannot; it is only a hint.
  if (done < 0 && error != EINTR) writeBehind_ = false;
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
    failure_ = Status::failure(EINVAL, "finish", path_, static_cast<std::int64_t>(written_));
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
