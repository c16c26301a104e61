// Native memory as a JavaScript ArrayBuffer without a copy.
#pragma once

#include <napi.h>

#include <cerrno>
#include <cstddef>
#include <memory>

#include "js_error.h"

namespace tensorbundle {

// The largest buffer over native memory: Node 20's V8 ends at 4 GiB.
std::size_t maxExternalBuffer(napi_env env);

// Takes `owner` over and destroys it when the buffer is garbage; `data` and `size` lie in what it owns. Null (and the
// owner destroyed) where this runtime refuses external buffers. Throws EFBIG above maxExternalBuffer().
template <typename Owner>
Napi::Value externalBuffer(Napi::Env env, std::unique_ptr<Owner> owner, void* data, std::size_t size) {
  if (size == 0) return Napi::ArrayBuffer::New(env, 0);
  // Asked first: it is not defined who owns the memory after a failure for this reason.
  if (size > maxExternalBuffer(env)) throw toError(env, Status::failure(EFBIG, "napi_create_external_arraybuffer"));
  // Runs late, perhaps while the environment is torn down: it must not touch JavaScript.
  const auto finalize = [](napi_env, void*, void* hint) { delete static_cast<Owner*>(hint); };
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, data, size, finalize, owner.get(), &buffer);
  if (status == napi_no_external_buffers_allowed) return env.Null();
  if (status != napi_ok) throw Napi::Error::New(env);
  owner.release();
  return Napi::Value(env, buffer);
}

}  // namespace tensorbundle
