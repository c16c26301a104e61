#include "errno_names.h"

#include <cerrno>

namespace tensorbundle {
namespace {

struct Entry {
  int error;
  const char* name;
};

#define ENTRY(name) \
  { name, #name }
// Where two names share a number (EAGAIN and EWOULDBLOCK), the first one is used.
constexpr Entry kEntries[] = {
    ENTRY(EPERM),        ENTRY(ENOENT),    ENTRY(EINTR),      ENTRY(EIO),       ENTRY(ENXIO),   ENTRY(E2BIG),
    ENTRY(EBADF),        ENTRY(EAGAIN),    ENTRY(ENOMEM),     ENTRY(EACCES),    ENTRY(EFAULT),  ENTRY(EBUSY),
    ENTRY(EEXIST),       ENTRY(EXDEV),     ENTRY(ENODEV),     ENTRY(ENOTDIR),   ENTRY(EISDIR),  ENTRY(EINVAL),
    ENTRY(ENFILE),       ENTRY(EMFILE),    ENTRY(ENOTTY),     ENTRY(ETXTBSY),   ENTRY(EFBIG),   ENTRY(ENOSPC),
    ENTRY(ESPIPE),       ENTRY(EROFS),     ENTRY(EMLINK),     ENTRY(EPIPE),     ENTRY(ERANGE),  ENTRY(EDEADLK),
    ENTRY(ENAMETOOLONG), ENTRY(ENOLCK),    ENTRY(ENOSYS),     ENTRY(ENOTEMPTY), ENTRY(ELOOP),   ENTRY(EOVERFLOW),
    ENTRY(EOPNOTSUPP),   ENTRY(ENOTSUP),   ENTRY(EALREADY),   ENTRY(ESTALE),    ENTRY(EDQUOT),  ENTRY(ECANCELED),
    ENTRY(ETIMEDOUT),    ENTRY(ENOBUFS),   ENTRY(EILSEQ),
};
#undef ENTRY

}  // namespace

const char* errnoName(int error) {
  for (const Entry& entry : kEntries) {
    if (entry.error == error) return entry.name;
  }
  return "EUNKNOWN";
}

int errnoNumber(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (name == entry.name) return entry.error;
  }
  return 0;
}

}  // namespace tensorbundle
