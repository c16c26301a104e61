// The entry point of the addon: the contract of src/binding.ts on the real file operations.
#if defined(_WIN32)
#error "no table of file operations for Windows yet: write native/engine/windows_operations.cc, list it in addon.gypi"
#endif

#include <napi.h>

#include "engine/file_operations.h"
#include "node/exports.h"

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  return tensorbundle::exportBinding(env, exports, tensorbundle::makeSystemOperations());
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, initialize)
