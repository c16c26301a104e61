// The one result type of the engine: what failed, in which system call, on which file, where. Made into a JavaScript
// error in one place (node/js_error.cc). Knows nothing of Node.
#pragma once

#include <cstdint>
#include <string>

#include "engine/error.h"

namespace tensorbundle {

struct Status {
  // kNone means success and makes the other fields meaningless.
  Error error = Error::kNone;
  // Stable name: the error's ("ENOENT"), or "ESHORT" / "EFTYPE", for which no table has an error.
  const char* code = "";
  // Static string: the system call, or the engine's function for arguments it refuses.
  const char* syscall = "";
  std::string path;
  // Byte offset in the file; -1 where there is none.
  std::int64_t offset = -1;

  bool ok() const { return error == Error::kNone; }

  static Status failure(Error error, const char* syscall, std::string path = {}, std::int64_t offset = -1);
  // The file ends at `offset`, before what was asked for.
  static Status endsEarly(const char* syscall, std::string path, std::int64_t offset);
  // Something else than a regular file or a directory.
  static Status wrongType(std::string path);
  // The environment is going away.
  static Status canceled();
};

}  // namespace tensorbundle
