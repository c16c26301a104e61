// Exports: directories and names in them.
#include <limits>
#include <utility>

#include "engine/file_calls.h"
#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"
#include "node/js_handle.h"
#include "node/js_values.h"
#include "node/run.h"

namespace tensorbundle {
namespace {

Napi::Value toNames(Napi::Env env, const std::vector<std::string>& names) {
  const Napi::Array array = Napi::Array::New(env, names.size());
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    const Napi::HandleScope scope(env);
    array.Set(i, Napi::String::New(env, names[i]));
  }
  return array;
}

Napi::Value toHandle(Napi::Env env, std::shared_ptr<Descriptor>& opened) {
  return wrapHandle(env, FileHandle{std::move(opened)});
}

Napi::Value openDirectoryJs(const Napi::CallbackInfo& info) {
  const std::string path = stringArgument(info[0], "path");
  const auto operations = Environment::of(info.Env()).engine()->files;
  using Output = std::shared_ptr<Descriptor>;
  const auto part = [=](const StopToken&, Output* opened) { return openDirectory(operations, path, opened); };
  return run<Output>(info.Env(), part, toHandle);
}

Napi::Value openDirectoryAtJs(const Napi::CallbackInfo& info) {
  const auto parent = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  using Output = std::shared_ptr<Descriptor>;
  const auto part = [=](const StopToken&, Output* opened) { return openDirectoryAt(*parent, name, opened); };
  return run<Output>(info.Env(), part, toHandle);
}

Napi::Value makeDirectoryAtJs(const Napi::CallbackInfo& info) {
  const auto parent = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  const auto part = [=](const StopToken&, bool* made) { return makeDirectoryAt(*parent, name, made); };
  return run<bool>(info.Env(), part, toBoolean);
}

Napi::Value listJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  using Output = std::vector<std::string>;
  const auto part = [=](const StopToken&, Output* names) { return listNames(*directory, names); };
  return run<Output>(info.Env(), part, toNames);
}

Napi::Value renameJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  const std::string from = stringArgument(info[1], "from");
  const std::string to = stringArgument(info[2], "to");
  return run(info.Env(), [=](const StopToken&) { return renameName(*directory, from, to); });
}

Napi::Value unlinkJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  const auto part = [=](const StopToken&, bool* existed) { return unlinkName(*directory, name, existed); };
  return run<bool>(info.Env(), part, toBoolean);
}

Napi::Value freeSpaceJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  const auto part = [=](const StopToken&, std::uint64_t* bytes) { return freeSpace(*directory, bytes); };
  return run<std::uint64_t>(info.Env(), part, [](Napi::Env env, std::uint64_t bytes) -> Napi::Value {
    if (bytes == std::numeric_limits<std::uint64_t>::max()) return env.Null();
    return Napi::Number::New(env, static_cast<double>(bytes));
  });
}

}  // namespace

void exportDirectories(Napi::Env, Napi::Object exports) {
  add<promising<openDirectoryJs>>(exports, "openDirectory");
  add<promising<openDirectoryAtJs>>(exports, "openDirectoryAt");
  add<promising<makeDirectoryAtJs>>(exports, "makeDirectoryAt");
  add<promising<listJs>>(exports, "list");
  add<promising<renameJs>>(exports, "rename");
  add<promising<unlinkJs>>(exports, "unlink");
  add<promising<freeSpaceJs>>(exports, "freeSpace");
}

}  // namespace tensorbundle
