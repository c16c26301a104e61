// Exports: CRC32C. Synchronous; no file operations.
#include "crc32c/crc32c.h"
#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"

namespace tensorbundle {
namespace {

constexpr double kMaxUint32 = 4294967295.0;

std::uint32_t crcArgument(Napi::Value value, const char* what) {
  return static_cast<std::uint32_t>(integerArgument(value, what, kMaxUint32));
}

Napi::Value crc32cKernels(const Napi::CallbackInfo& info) {
  const auto variants = crc32cVariants();
  const Napi::Array names = Napi::Array::New(info.Env(), variants.size());
  for (std::uint32_t i = 0; i < variants.size(); ++i) names.Set(i, Napi::String::New(info.Env(), variants[i].name));
  return names;
}

Napi::Value selectCrc32cKernel(const Napi::CallbackInfo& info) {
  const std::string name = stringArgument(info[0], "name");
  if (!Environment::of(info.Env()).engine()->crc32c.select(name)) {
    throw Napi::RangeError::New(info.Env(), "this processor has no CRC32C kernel '" + name + "'");
  }
  return info.Env().Undefined();
}

Napi::Value crc32c(const Napi::CallbackInfo& info) {
  const Bytes bytes = viewArgument(info[0], "data");
  const std::uint32_t seed = info[1].IsUndefined() ? 0 : crcArgument(info[1], "seed");
  return Napi::Number::New(info.Env(),
                           Environment::of(info.Env()).engine()->crc32c.extend(seed, bytes.data, bytes.size));
}

Napi::Value combine(const Napi::CallbackInfo& info) {
  const std::uint32_t a = crcArgument(info[0], "crcA");
  const std::uint32_t b = crcArgument(info[1], "crcB");
  return Napi::Number::New(info.Env(), crc32cCombine(a, b, integerArgument(info[2], "lengthB")));
}

}  // namespace

void exportCrc32c(Napi::Env, Napi::Object exports) {
  add<synchronous<crc32cKernels>>(exports, "crc32cKernels");
  add<synchronous<selectCrc32cKernel>>(exports, "selectCrc32cKernel");
  add<synchronous<crc32c>>(exports, "crc32c");
  add<synchronous<combine>>(exports, "crc32cCombine");
}

}  // namespace tensorbundle
