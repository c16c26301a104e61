// Errors with the engine's own numbers. A table of file operations translates the errors of its system into these, so
// nothing above it depends on the numbers of a system. The names are those of POSIX, because JavaScript gets them
// (`NativeError.code` in src/errors.ts). The numbers are those of Linux, on every system.
#pragma once

#include <string_view>

// On Linux EOPNOTSUPP and ENOTSUP have the same number. Here ENOTSUP has a number that Linux does not use.
#define TENSORBUNDLE_ERRORS(X) \
  X(EPERM, 1)                  \
  X(ENOENT, 2)                 \
  X(EINTR, 4)                  \
  X(EIO, 5)                    \
  X(ENXIO, 6)                  \
  X(E2BIG, 7)                  \
  X(EBADF, 9)                  \
  X(EAGAIN, 11)                \
  X(ENOMEM, 12)                \
  X(EACCES, 13)                \
  X(EFAULT, 14)                \
  X(EBUSY, 16)                 \
  X(EEXIST, 17)                \
  X(EXDEV, 18)                 \
  X(ENODEV, 19)                \
  X(ENOTDIR, 20)               \
  X(EISDIR, 21)                \
  X(EINVAL, 22)                \
  X(ENFILE, 23)                \
  X(EMFILE, 24)                \
  X(ENOTTY, 25)                \
  X(ETXTBSY, 26)               \
  X(EFBIG, 27)                 \
  X(ENOSPC, 28)                \
  X(ESPIPE, 29)                \
  X(EROFS, 30)                 \
  X(EMLINK, 31)                \
  X(EPIPE, 32)                 \
  X(ERANGE, 34)                \
  X(EDEADLK, 35)               \
  X(ENAMETOOLONG, 36)          \
  X(ENOLCK, 37)                \
  X(ENOSYS, 38)                \
  X(ENOTEMPTY, 39)             \
  X(ELOOP, 40)                 \
  X(EOVERFLOW, 75)             \
  X(EILSEQ, 84)                \
  X(EOPNOTSUPP, 95)            \
  X(ENOBUFS, 105)              \
  X(ETIMEDOUT, 110)            \
  X(EALREADY, 114)             \
  X(ESTALE, 116)               \
  X(EDQUOT, 122)               \
  X(ECANCELED, 125)            \
  X(ENOTSUP, 524)

namespace tensorbundle {

enum class Error : int {
  kNone = 0,
#define TENSORBUNDLE_ENUMERATOR(name, number) k##name = number,
  TENSORBUNDLE_ERRORS(TENSORBUNDLE_ENUMERATOR)
#undef TENSORBUNDLE_ENUMERATOR
  // An error that is not in the list has this number plus the system's own.
  kUnlisted = 10000,
};

// "EUNKNOWN" for an error that is not in the list.
const char* errorName(Error error);

// kNone for a name that is not in the list.
Error errorNamed(std::string_view name);

}  // namespace tensorbundle
