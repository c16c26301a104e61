#include "status.h"

#include <cerrno>
#include <utility>

#include "errno_names.h"

namespace tensorbundle {

Status Status::failure(int error, const char* syscall, std::string path, std::int64_t offset) {
  return Status{error, errnoName(error), syscall, std::move(path), offset};
}

Status Status::endsEarly(const char* syscall, std::string path, std::int64_t offset) {
  return Status{EIO, "ESHORT", syscall, std::move(path), offset};
}

Status Status::wrongType(std::string path) { return Status{EINVAL, "EFTYPE", "open", std::move(path), -1}; }

Status Status::canceled() { return failure(ECANCELED, "cancel"); }

}  // namespace tensorbundle
