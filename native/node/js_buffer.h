// Native memory as a JavaScript ArrayBuffer without a copy.
#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>

#include "node/js_error.h"

namespace tensorbundle {

// The largest buffer over native memory: Node 20's V8 ends at 4 GiB.
std::size_t maxExternalBuffer(napi_env env);

// In the finalizer of an external buffer: whether its memory is garbage, or the finalizer runs only because the
// environment ends. Node then calls the finalizers of all buffers that are left, before any clean-up hook. But
// `transfer()`, which Node 20 does not have, may have moved the memory into another ArrayBuffer that Node does not know
// of and that lives on in another thread. Which ones were moved cannot be told any more.
bool isGarbage(napi_env env);

// Takes `owner` over and destroys it when the buffer is garbage; `data` and `size` lie in what it owns. What is left
// when the environment ends stays until the process ends: so this is for mappings, not for memory of the heap. Null
// (and the owner destroyed) where this runtime refuses external buffers. Throws EFBIG above maxExternalBuffer().
template <typename Owner>
Napi::Value externalBuffer(Napi::Env env, std::unique_ptr<Owner> owner, void* data, std::size_t size) {
  if (size == 0) return Napi::ArrayBuffer::New(env, 0);
  // Asked first: it is not defined who owns the memory after a failure for this reason.
  if (size > maxExternalBuffer(env))
    throw toError(env, Status::failure(Error::kEFBIG, "napi_create_external_arraybuffer"));
  // Runs late, perhaps while the environment is torn down: it must not run JavaScript.
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
