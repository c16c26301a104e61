// The system's generator, without a descriptor: /dev/urandom would need one, and a process can lack them.
#include "engine/random.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__APPLE__)
#include <stdlib.h>
#endif

namespace tensorbundle {

#if defined(__linux__)

bool fillRandom(void* into, std::size_t length) {
  // Not the function of that name: the oldest C library that this has to run with does not have it. Up to 256 bytes
  // come whole; a container's filter may refuse the call.
  return ::syscall(SYS_getrandom, into, length, 0) == static_cast<long>(length);
}

#elif defined(__APPLE__)

bool fillRandom(void* into, std::size_t length) {
  ::arc4random_buf(into, length);
  return true;
}

#else

// The caller then asks Node.
bool fillRandom(void* /*into*/, std::size_t /*length*/) { return false; }

#endif

}  // namespace tensorbundle
