// The one result type of the engine: what failed, in which system call, on which file, where. Made into a JavaScript
// error in one place (js_error.cc). Knows nothing of Node.
#pragma once

#include <cstdint>
#include <string>

namespace tensorbundle {

struct Status {
  // errno of the failed call; 0 means success and makes the other fields meaningless.
  int error = 0;
  // Stable name: the errno's ("ENOENT"), or "ESHORT" / "EFTYPE", which POSIX has no number for.
  const char* code = "";
  // Static string: the system call, or the engine's function for arguments it refuses.
  const char* syscall = "";
  std::string path;
  // Byte offset in the file; -1 where there is none.
  std::int64_t offset = -1;

  bool ok() const { return error == 0; }

  static Status failure(int error, const char* syscall, std::string path = {}, std::int64_t offset = -1);
  // The file ends at `offset`, before what was asked for.
  static Status endsEarly(const char* syscall, std::string path, std::int64_t offset);
  // Something else than a regular file or a directory.
  static Status wrongType(std::string path);
  // The environment is going away.
  static Status canceled();
};

}  // namespace tensorbundle
