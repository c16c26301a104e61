// Exports: directories and names in them.
#include <limits>
#include <utility>

#include "engine/file_calls.h"
#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"
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

Call openDirectoryJs(const Arguments& info) {
  const std::string path = stringArgument(info[0], "path");
  const auto operations = Environment::of(info.Env()).engine()->files;
  return callThatOpens([=](auto* opened) { return openDirectory(operations, path, opened); });
}

Call openDirectoryAtJs(const Arguments& info) {
  const auto parent = info.handle();
  const std::string name = stringArgument(info[1], "name");
  Call made = callThatOpens([=](auto* opened) { return openDirectoryAt(*parent->descriptor, name, opened); });
  made.needs = parent;
  return made;
}

Call makeDirectoryAtJs(const Arguments& info) {
  const std::string name = stringArgument(info[1], "name");
  const auto part = [=](const Descriptor& parent, bool* made) { return makeDirectoryAt(parent, name, made); };
  return callOn<bool>(info.handle(), part, toBoolean);
}

Call listJs(const Arguments& info) { return callOn<std::vector<std::string>>(info.handle(), listNames, toNames); }

Call renameJs(const Arguments& info) {
  const std::string from = stringArgument(info[1], "from");
  const std::string to = stringArgument(info[2], "to");
  return callOn(info.handle(), [=](const Descriptor& directory) { return renameName(directory, from, to); });
}

Call exchangeJs(const Arguments& info) {
  const std::string one = stringArgument(info[1], "one");
  const std::string other = stringArgument(info[2], "other");
  return callOn(info.handle(), [=](const Descriptor& directory) { return exchangeNames(directory, one, other); });
}

Call unlinkJs(const Arguments& info) {
  const std::string name = stringArgument(info[1], "name");
  const auto part = [=](const Descriptor& directory, bool* existed) { return unlinkName(directory, name, existed); };
  return callOn<bool>(info.handle(), part, toBoolean);
}

Call removeDirectoryAtJs(const Arguments& info) {
  const std::string name = stringArgument(info[1], "name");
  const auto part = [=](const Descriptor& parent, bool* existed) { return removeDirectoryAt(parent, name, existed); };
  return callOn<bool>(info.handle(), part, toBoolean);
}

Call freeSpaceJs(const Arguments& info) {
  return callOn<std::uint64_t>(info.handle(), freeSpace, [](Napi::Env env, std::uint64_t bytes) -> Napi::Value {
    if (bytes == std::numeric_limits<std::uint64_t>::max()) return env.Null();
    return Napi::Number::New(env, static_cast<double>(bytes));
  });
}

}  // namespace

void exportDirectories(Napi::Env, Napi::Object exports) {
  addCall<openDirectoryJs>(exports, "openDirectory");
  addCall<openDirectoryAtJs>(exports, "openDirectoryAt");
  addCall<makeDirectoryAtJs>(exports, "makeDirectoryAt");
  addCall<listJs>(exports, "list");
  addCall<renameJs>(exports, "rename");
  addCall<exchangeJs>(exports, "exchange");
  addCall<unlinkJs>(exports, "unlink");
  addCall<removeDirectoryAtJs>(exports, "removeDirectoryAt");
  addCall<freeSpaceJs>(exports, "freeSpace");
}

}  // namespace tensorbundle
