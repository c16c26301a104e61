#include "engine/descriptor.h"

#include <utility>

namespace tensorbundle {

Descriptor::Descriptor(std::shared_ptr<FileOperations> operations, FileId file, std::string path)
    : operations_(std::move(operations)), file_(file), path_(std::move(path)) {}

Descriptor::~Descriptor() {
  if (file_ != kNoFile) operations_->close(file_);
}

Status Descriptor::sync(SyncKind kind) {
  const std::lock_guard<std::mutex> guard(syncMutex_);
  if (!syncFailure_.ok()) return syncFailure_;
  const bool all = kind == SyncKind::kAll;
  const Result result = all ? operations_->sync(file_) : operations_->syncData(file_);
  if (result < 0) syncFailure_ = Status::failure(errorOf(result), all ? "fsync" : "fdatasync", path_);
  return syncFailure_;
}

Status Descriptor::close() {
  if (file_ == kNoFile) return {};
  const Result result = operations_->close(std::exchange(file_, kNoFile));
  // The descriptor is closed even if close was interrupted. Trying again could close another file that has got the same
  // number.
  if (result < 0 && result != failed(Error::kEINTR)) return Status::failure(errorOf(result), "close", path_);
  return {};
}

}  // namespace tensorbundle
