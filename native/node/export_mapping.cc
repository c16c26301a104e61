// Exports: mappings as ArrayBuffers.
#include <utility>

#include "engine/mapping.h"
#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"
#include "node/js_buffer.h"
#include "node/js_handle.h"
#include "node/run.h"

namespace tensorbundle {
namespace {

Napi::Value mapJs(const Napi::CallbackInfo& info) {
  const auto file = openDescriptor(info[0]);
  const std::uint64_t offset = integerArgument(info[1], "offset");
  const std::uint64_t length = integerArgument(info[2], "length");
  if (length > maxExternalBuffer(info.Env())) {
    throw toError(info.Env(), Status::failure(Error::kEFBIG, "mmap", file->path(), static_cast<std::int64_t>(offset)));
  }
  using Output = std::unique_ptr<Mapping>;
  const auto part = [=](const StopToken&, Output* mapping) { return Mapping::create(*file, offset, length, mapping); };
  const auto toBuffer = [](Napi::Env env, Output& mapping) -> Napi::Value {
    if (!mapping) return env.Null();
    std::uint8_t* data = mapping->data();
    const std::size_t size = mapping->size();
    return externalBuffer(env, std::move(mapping), data, size);
  };
  RunOptions options;
  // As in export_ranges.cc.
  options.isLong = true;
  return run<Output>(info.Env(), part, toBuffer, std::move(options));
}

}  // namespace

void exportMapping(Napi::Env, Napi::Object exports) { add<promising<mapJs>>(exports, "map"); }

}  // namespace tensorbundle
