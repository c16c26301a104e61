// A private, writable mapping of a part of a file. It is private so that what JavaScript writes into a view stays in
// this process, and writable so that such a write does not kill the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/descriptor.h"
#include "engine/file_operations.h"
#include "engine/status.h"

namespace tensorbundle {

class Mapping {
 public:
  // ESHORT if the file ends before offset + length. `offset` need not be page-aligned. A null result without an error
  // means that the file should be read instead: others could change or shorten it under the mapping (a network or FUSE
  // file system), or the system refuses to map it.
  static Status create(const Descriptor& file, std::uint64_t offset, std::uint64_t length,
                       std::unique_ptr<Mapping>* result);
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  // Null if the length is 0, since nothing is mapped then.
  std::uint8_t* data() const { return base_ == nullptr ? nullptr : base_ + skipped_; }
  std::size_t size() const { return size_; }

 private:
  Mapping(std::shared_ptr<FileOperations> operations, std::uint8_t* base, std::size_t skipped, std::size_t size);

  const std::shared_ptr<FileOperations> operations_;
  std::uint8_t* const base_;
  const std::size_t skipped_;
  const std::size_t size_;
};

}  // namespace tensorbundle
