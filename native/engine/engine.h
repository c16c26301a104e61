// What the engine's objects share: the table of file operations and the checksum kernel. It may outlive the
// environment, as long as a handle or a mapping needs it.
#pragma once

#include <memory>
#include <utility>

#include "crc32c/crc32c.h"
#include "engine/file_operations.h"

namespace tensorbundle {

struct Engine {
  explicit Engine(std::shared_ptr<FileOperations> table) : files(std::move(table)) {}
  const std::shared_ptr<FileOperations> files;
  Crc32c crc32c;
};

}  // namespace tensorbundle
