// Exports: directories and names in them.
#include <limits>
#include <utility>

#include "environment.h"
#include "exports.h"
#include "file_calls.h"
#include "js_arguments.h"
#include "js_handle.h"

namespace tensorbundle {
namespace {

// A job of one part whose result is a value that the part leaves in a box.
template <typename Box, typename Part, typename Result>
Napi::Value runBoxed(Napi::Env env, Part part, Result result) {
  auto box = std::make_shared<Box>();
  Work work;
  work.part = [box, part](const StopToken&) { return part(box.get()); };
  work.result = [box, result](Napi::Env resultEnv) -> Napi::Value { return result(resultEnv, *box); };
  return Environment::of(env).run(env, std::move(work));
}

Napi::Value toBoolean(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }

Napi::Value toNames(Napi::Env env, const std::vector<std::string>& names) {
  const Napi::Array array = Napi::Array::New(env, names.size());
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    const Napi::HandleScope scope(env);
    array.Set(i, Napi::String::New(env, names[i]));
  }
  return array;
}

Napi::Value openDirectoryJs(const Napi::CallbackInfo& info) {
  const std::string path = stringArgument(info[0], "path");
  const auto operations = Environment::of(info.Env()).engine()->files;
  using Box = std::shared_ptr<Descriptor>;
  return runBoxed<Box>(
      info.Env(), [operations, path](Box* opened) { return openDirectory(operations, path, opened); },
      [](Napi::Env env, Box& opened) { return wrapHandle(env, FileHandle{std::move(opened)}); });
}

Napi::Value openDirectoryAtJs(const Napi::CallbackInfo& info) {
  const auto parent = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  using Box = std::shared_ptr<Descriptor>;
  return runBoxed<Box>(
      info.Env(), [parent, name](Box* opened) { return openDirectoryAt(*parent, name, opened); },
      [](Napi::Env env, Box& opened) { return wrapHandle(env, FileHandle{std::move(opened)}); });
}

Napi::Value makeDirectoryAtJs(const Napi::CallbackInfo& info) {
  const auto parent = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  return runBoxed<bool>(
      info.Env(), [parent, name](bool* made) { return makeDirectoryAt(*parent, name, made); }, toBoolean);
}

Napi::Value listJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  using Names = std::vector<std::string>;
  return runBoxed<Names>(
      info.Env(), [directory](Names* names) { return listNames(*directory, names); }, toNames);
}

Napi::Value renameJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  const std::string from = stringArgument(info[1], "from");
  const std::string to = stringArgument(info[2], "to");
  Work work;
  work.part = [directory, from, to](const StopToken&) { return renameName(*directory, from, to); };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

Napi::Value unlinkJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  return runBoxed<bool>(
      info.Env(), [directory, name](bool* existed) { return unlinkName(*directory, name, existed); }, toBoolean);
}

Napi::Value freeSpaceJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  return runBoxed<std::uint64_t>(
      info.Env(), [directory](std::uint64_t* bytes) { return freeSpace(*directory, bytes); },
      [](Napi::Env env, std::uint64_t bytes) -> Napi::Value {
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
