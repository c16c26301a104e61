// Exports: freeing memory before the garbage collector would. Synchronous; no file operations.
#include "node/exports.h"
#include "node/js_error.h"

namespace tensorbundle {
namespace {

// Empties the view's buffer and frees its memory at once. False if the buffer cannot be detached.
Napi::Value detach(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "view must be a typed array");
  const Napi::ArrayBuffer buffer = info[0].As<Napi::TypedArray>().ArrayBuffer();
  const napi_status status = napi_detach_arraybuffer(info.Env(), buffer);
  return Napi::Boolean::New(info.Env(), status == napi_ok);
}

}  // namespace

void exportDetaching(Napi::Env, Napi::Object exports) { add<synchronous<detach>>(exports, "detach"); }

}  // namespace tensorbundle
