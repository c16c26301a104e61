// An open file or directory: owns the descriptor and remembers a failed sync.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "engine/file_operations.h"
#include "engine/status.h"

namespace tensorbundle {

class Descriptor {
 public:
  Descriptor(std::shared_ptr<FileOperations> operations, FileId file, std::string path);
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  FileId file() const { return file_; }
  const std::string& path() const { return path_; }
  // The path of something in this directory, for messages.
  std::string pathOf(const std::string& name) const { return path_ + "/" + name; }
  const std::shared_ptr<FileOperations>& operations() const { return operations_; }

  enum class SyncKind { kAll, kData };
  // Once a sync has failed, every later call returns that failure: the kernel may have dropped the dirty pages and
  // would report success next time (see "fsync" in the Linux manual and PostgreSQL's fsync errors).
  Status sync(SyncKind kind);

  // Only the last owner may call this. The destructor also closes, but ignores the error.
  Status close();

 private:
  const std::shared_ptr<FileOperations> operations_;
  FileId file_;
  const std::string path_;
  std::mutex syncMutex_;
  Status syncFailure_;
};

}  // namespace tensorbundle
