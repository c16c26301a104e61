#include "node/exports.h"

#include <utility>

#include "node/environment.h"
#include "node/residence.h"

namespace tensorbundle {
namespace {

Napi::Value threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(Environment::of(info.Env()).pool().size()));
}

}  // namespace

Napi::Object exportBinding(Napi::Env env, Napi::Object exports, std::shared_ptr<FileOperations> operations) {
  stayLoaded();
  Environment::create(env, std::move(operations));
  exportCrc32c(env, exports);
  exportDirectories(env, exports);
  exportFiles(env, exports);
  exportShards(env, exports);
  exportSteps(env, exports);
  exportRanges(env, exports);
  exportMapping(env, exports);
  exportOpening(env, exports);
  exportMemory(env, exports);
  exportCopying(env, exports);
  exportDetaching(env, exports);
  add<synchronous<threads>>(exports, "threads");
  return exports;
}

}  // namespace tensorbundle
