// Exports: copying callers' bytes into the library's own memory. Synchronous; no file operations.

#include "engine/checksummed_copy.h"
#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"
#include "node/js_error.h"

namespace tensorbundle {
namespace {

// No JavaScript runs between the checks of the two views and the end of the copy, so neither can change.
Napi::Value copyBytes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Bytes from = viewArgument(info[0], "from");
  const std::uint64_t start = integerArgument(info[1], "start");
  const Bytes into = viewArgument(info[2], "into");
  const std::uint64_t at = integerArgument(info[3], "at");
  const std::uint64_t length = integerArgument(info[4], "length");
  const auto crc = static_cast<std::uint32_t>(integerArgument(info[5], "crc", UINT32_MAX));
  // Each number is at most 2^53, so the sums are exact.
  if (start + length > from.size || at + length > into.size)
    throw toError(env, Status::failure(Error::kEINVAL, "length"));
  return Napi::Number::New(
      env, checksummedCopy(const_cast<std::uint8_t*>(into.data) + at, from.data + start,
                           static_cast<std::size_t>(length), Environment::of(env).engine()->crc32c, crc));
}

}  // namespace

void exportCopying(Napi::Env, Napi::Object exports) { add<synchronous<copyBytes>>(exports, "copyBytes"); }

}  // namespace tensorbundle
