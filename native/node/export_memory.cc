// Exports: what JavaScript cannot know or say about memory, or only with a large module of Node. Synchronous; no file
// operations.
#include <cstdint>

#include "engine/random.h"
#include "node/exports.h"
#include "node/js_arguments.h"

namespace tensorbundle {
namespace {

// How many bytes the view begins after a multiple of `unit`.
Napi::Value misalignment(const Napi::CallbackInfo& info) {
  const Bytes bytes = viewArgument(info[0], "view");
  const std::uint64_t unit = integerArgument(info[1], "unit");
  if (unit == 0) throw toError(info.Env(), Status::failure(Error::kEINVAL, "unit"));
  return Napi::Number::New(info.Env(), static_cast<double>(reinterpret_cast<std::uintptr_t>(bytes.data) % unit));
}

Napi::Value adjustExternalMemory(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) throw Napi::TypeError::New(info.Env(), "bytes must be a number");
  std::int64_t total = 0;
  const auto bytes = info[0].As<Napi::Number>().Int64Value();
  if (napi_adjust_external_memory(info.Env(), bytes, &total) != napi_ok) throw Napi::Error::New(info.Env());
  return Napi::Number::New(info.Env(), static_cast<double>(total));
}

Napi::Value fillRandomly(const Napi::CallbackInfo& info) {
  const Bytes bytes = viewArgument(info[0], "view");
  return Napi::Boolean::New(info.Env(), fillRandom(const_cast<std::uint8_t*>(bytes.data), bytes.size));
}

}  // namespace

void exportMemory(Napi::Env, Napi::Object exports) {
  add<synchronous<misalignment>>(exports, "misalignment");
  add<synchronous<adjustExternalMemory>>(exports, "adjustExternalMemory");
  add<synchronous<fillRandomly>>(exports, "fillRandom");
}

}  // namespace tensorbundle
