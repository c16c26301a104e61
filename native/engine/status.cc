#include "engine/status.h"

#include <utility>

#include "engine/error.h"

namespace tensorbundle {

Status Status::failure(Error error, const char* syscall, std::string path, std::int64_t offset) {
  return Status{error, errorName(error), syscall, std::move(path), offset};
}

Status Status::endsEarly(const char* syscall, std::string path, std::int64_t offset) {
  return Status{Error::kEIO, "ESHORT", syscall, std::move(path), offset};
}

Status Status::wrongType(std::string path) { return Status{Error::kEINVAL, "EFTYPE", "open", std::move(path), -1}; }

Status Status::canceled() { return failure(Error::kECANCELED, "cancel"); }

}  // namespace tensorbundle
