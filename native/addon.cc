// The addon's entry: the contract of src/binding.ts on the real file operations.
#include <napi.h>

#include <memory>

#include "exports.h"
#include "posix_operations.h"

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  return tensorbundle::exportBinding(env, exports, std::make_shared<tensorbundle::PosixOperations>());
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, initialize)
