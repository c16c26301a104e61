// The result type of the engine: what failed, in which system call, on which file, at which byte. Only node/js_error.cc
// turns it into a JavaScript error. It knows nothing of Node.
#pragma once

#include <cstdint>
#include <string>

#include "engine/error.h"

namespace tensorbundle {

struct Status {
  // kNone means success and makes the other fields meaningless.
  Error error = Error::kNone;
  // A stable name: that of the error ("ENOENT"), or "ESHORT" or "EFTYPE", which are not errors of a table.
  const char* code = "";
  // A static string: the system call, or for a refused argument the argument or function.
  const char* syscall = "";
  std::string path;
  // Byte offset in the file; -1 if there is none.
  std::int64_t offset = -1;

  bool ok() const { return error == Error::kNone; }

  static Status failure(Error error, const char* syscall, std::string path = {}, std::int64_t offset = -1);
  // The file ends at `offset`, before the end of what was asked for.
  static Status endsEarly(const char* syscall, std::string path, std::int64_t offset);
  // It is neither a regular file nor a directory.
  static Status wrongType(std::string path);
  // The environment is shutting down.
  static Status canceled();
};

}  // namespace tensorbundle
