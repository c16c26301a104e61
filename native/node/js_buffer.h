// Native memory as a JavaScript ArrayBuffer without a copy.
#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>

#include "node/js_error.h"

namespace tensorbundle {

// The size of the largest buffer over native memory. The V8 of Node 20 allows at most 4 GiB.
std::size_t maxExternalBuffer(napi_env env);

// Asked in the finalizer of an external buffer: true if its memory is garbage, false if the finalizer may run only
// because the environment ends. When an environment ends, Node calls the finalizers of all remaining buffers before any
// clean-up hook. But `transfer()`, which Node 20 does not have, may have moved the memory into another ArrayBuffer that
// Node does not know of and that lives on in another thread. It is not known which buffers were moved.
bool isGarbage(napi_env env);

// Takes ownership of `owner` and destroys it when the buffer is garbage. `data` and `size` describe memory that `owner`
// owns. Buffers that are left when the environment ends stay until the process ends, so this is for mappings, not for
// heap memory. Returns null, and destroys the owner, if this runtime refuses external buffers. Throws EFBIG above
// maxExternalBuffer().
template <typename Owner>
Napi::Value externalBuffer(Napi::Env env, std::unique_ptr<Owner> owner, void* data, std::size_t size) {
  if (size == 0) return Napi::ArrayBuffer::New(env, 0);
  // Checked first, since after such a failure it is not defined who owns the memory.
  if (size > maxExternalBuffer(env))
    throw toError(env, Status::failure(Error::kEFBIG, "napi_create_external_arraybuffer"));
  // Runs late, perhaps while the environment is shutting down, so it must not run JavaScript.
  const auto finalize = [](napi_env finalizing, void*, void* hint) {
    if (isGarbage(finalizing)) delete static_cast<Owner*>(hint);
  };
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, data, size, finalize, owner.get(), &buffer);
  if (status == napi_no_external_buffers_allowed) return env.Null();
  if (status != napi_ok) throw Napi::Error::New(env);
  owner.release();
  return Napi::Value(env, buffer);
}

}  // namespace tensorbundle
