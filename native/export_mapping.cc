// Exports: mappings as ArrayBuffers.
#include <utility>

#include "environment.h"
#include "exports.h"
#include "js_arguments.h"
#include "js_buffer.h"
#include "js_handle.h"
#include "mapping.h"

namespace tensorbundle {
namespace {

Napi::Value mapJs(const Napi::CallbackInfo& info) {
  const auto file = openDescriptor(info[0]);
  const std::uint64_t offset = integerArgument(info[1], "offset");
  const std::uint64_t length = integerArgument(info[2], "length");
  if (length > maxExternalBuffer(info.Env())) {
    throw toError(info.Env(), Status::failure(EFBIG, "mmap", file->path(), static_cast<std::int64_t>(offset)));
  }
  auto mapping = std::make_shared<std::unique_ptr<Mapping>>();
  Work work;
  work.part = [=](const StopToken&) { return Mapping::create(*file, offset, length, mapping.get()); };
  work.result = [mapping](Napi::Env env) -> Napi::Value {
    if (!*mapping) return env.Null();
    std::uint8_t* data = (*mapping)->data();
    const std::size_t size = (*mapping)->size();
    return externalBuffer(env, std::move(*mapping), data, size);
  };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

}  // namespace

void exportMapping(Napi::Env, Napi::Object exports) { add<promising<mapJs>>(exports, "map"); }

}  // namespace tensorbundle
