#include "node/residence.h"

#if defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace tensorbundle {

void stayLoaded() {
#if defined(__APPLE__)
  Dl_info info;
  // Finds the library that is loaded already. Nothing closes this reference to it, and RTLD_NODELETE marks it as well.
  if (dladdr(reinterpret_cast<const void*>(&stayLoaded), &info) != 0 && info.dli_fname != nullptr) {
    static_cast<void>(dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));
  }
#endif
}

}  // namespace tensorbundle
