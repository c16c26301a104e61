#include "node/residence.h"

#if defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace tensorbundle {

void stayLoaded() {
#if defined(__APPLE__)
  Dl_info info;
  // Finds the library, which is loaded already. This reference is never closed, and RTLD_NODELETE keeps the library
  // loaded, too.
  if (dladdr(reinterpret_cast<const void*>(&stayLoaded), &info) != 0 && info.dli_fname != nullptr) {
    static_cast<void>(dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));
  }
#endif
}

}  // namespace tensorbundle
