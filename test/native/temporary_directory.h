// A directory for one test, with the fault table below it; removed at the end.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "check.h"
#include "engine/file_calls.h"
#include "faults/fault_operations.h"

namespace check {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tensorbundle-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    CHECK_OK(tensorbundle::openDirectory(table, path, &directory));
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }

  void inject(const char* syscall, std::uint64_t at, tensorbundle::Fault::Action action, tensorbundle::Error error,
              bool sticky = false) {
    tensorbundle::Fault fault;
    fault.syscall = syscall;
    fault.at = at;
    fault.action = action;
    fault.error = error;
    fault.sticky = sticky;
    table->setFaults({fault});
  }

  std::size_t calls(const std::string& syscall) const {
    std::size_t count = 0;
    for (const auto& operation : table->operations()) count += operation.syscall == syscall ? 1 : 0;
    return count;
  }

  std::string path;
  const std::shared_ptr<tensorbundle::FaultOperations> table = std::make_shared<tensorbundle::FaultOperations>();
  std::shared_ptr<tensorbundle::Descriptor> directory;
};

}  // namespace check
