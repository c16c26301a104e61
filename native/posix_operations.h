// The real table of file operations.
#pragma once

#include "file_operations.h"

namespace tensorbundle {

class PosixOperations final : public FileOperations {
 public:
  int open(const char* path, int flags) override;
  int openAt(int directory, const char* name, int flags, mode_t mode) override;
  int close(int file) override;
  int duplicate(int file) override;
  int makeDirectoryAt(int directory, const char* name, mode_t mode) override;
  int stat(int file, struct stat* result) override;
  int statAt(int directory, const char* name, bool follow, struct stat* result) override;
  int list(int directory, std::vector<std::string>* names) override;
  int rename(int directory, const char* from, const char* to) override;
  int unlink(int directory, const char* name) override;
  int sync(int file) override;
  int syncData(int file) override;
  int lock(int file, bool shared) override;
  int unlock(int file) override;
  int setMode(int file, mode_t mode) override;
  int isRemote(int file) override;
  int freeSpace(int directory, std::uint64_t* bytes) override;
  ssize_t read(int file, void* into, std::size_t length, std::uint64_t offset) override;
  ssize_t write(int file, const void* from, std::size_t length, std::uint64_t offset) override;
  int reserve(int file, std::uint64_t bytes) override;
  int startWriteback(int file, std::uint64_t offset, std::uint64_t length) override;
  Mapped map(int file, std::uint64_t offset, std::size_t length) override;
  int unmap(void* address, std::size_t length) override;
};

}  // namespace tensorbundle
