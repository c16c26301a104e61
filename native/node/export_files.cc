// Exports: handles of files, and whole small files.
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

OpenMode modeArgument(Napi::Value value) {
  const std::string mode = stringArgument(value, "mode");
  if (mode == "read") return OpenMode::kRead;
  if (mode == "create") return OpenMode::kCreate;
  if (mode == "lock") return OpenMode::kLock;
  throw toError(value.Env(), Status::failure(Error::kEINVAL, "mode"));
}

// Runs a call on one open handle. The promise's value is undefined.
template <typename Call>
Napi::Value runOn(const Napi::CallbackInfo& info, Call call, Napi::Value pinned = {}) {
  const auto handle = openDescriptor(info[0]);
  RunOptions options;
  options.pinned = pinned;
  return run(info.Env(), [handle, call](const StopToken&) { return call(*handle); }, std::move(options));
}

Napi::Value openJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  const OpenMode mode = modeArgument(info[2]);
  const int permissions = permissionsArgument(info[3]);
  using Output = std::shared_ptr<Descriptor>;
  const auto part = [=](const StopToken&, Output* opened) {
    return openFile(*directory, name, mode, permissions, opened);
  };
  return run<Output>(info.Env(), part, [](Napi::Env env, Output& opened) -> Napi::Value {
    if (!opened) return env.Null();
    return wrapHandle(env, FileHandle{std::move(opened)});
  });
}

Napi::Value closeJs(const Napi::CallbackInfo& info) {
  // From now on the handle is closed for JavaScript. If jobs still use the descriptor, the last one of them closes it.
  const auto descriptor = std::make_shared<std::shared_ptr<Descriptor>>(
      std::exchange(unwrapHandle<FileHandle>(info[0]).descriptor, nullptr));
  return run(info.Env(), [descriptor](const StopToken&) {
    if (!*descriptor) return Status{};
    // If the count is not 1, a job that shares the descriptor closes it when it ends.
    Status status = descriptor->use_count() == 1 ? (*descriptor)->close() : Status{};
    descriptor->reset();
    return status;
  });
}

Napi::Value statJs(const Napi::CallbackInfo& info) {
  struct Output {
    FileStat stat;
    bool found = true;
  };
  const auto handle = openDescriptor(info[0]);
  const bool ofName = !info[1].IsUndefined();
  const std::string name = ofName ? stringArgument(info[1], "name") : std::string();
  const bool follow = info[2].ToBoolean();
  const auto part = [=](const StopToken&, Output* output) {
    return ofName ? statName(*handle, name, follow, &output->stat, &output->found) : statHandle(*handle, &output->stat);
  };
  return run<Output>(info.Env(), part, [](Napi::Env env, const Output& output) -> Napi::Value {
    return output.found ? toObject(env, output.stat) : env.Null();
  });
}

Napi::Value syncJs(const Napi::CallbackInfo& info) {
  return runOn(info, [](Descriptor& handle) { return handle.sync(Descriptor::SyncKind::kAll); });
}

Napi::Value tryLockJs(const Napi::CallbackInfo& info) {
  const auto handle = openDescriptor(info[0]);
  const bool shared = info[1].ToBoolean();
  const auto part = [=](const StopToken&, bool* locked) { return tryLock(*handle, shared, locked); };
  return run<bool>(info.Env(), part, toBoolean);
}

Napi::Value unlockJs(const Napi::CallbackInfo& info) {
  return runOn(info, [](const Descriptor& handle) { return unlock(handle); });
}

Napi::Value setModeJs(const Napi::CallbackInfo& info) {
  const auto permissions = static_cast<std::uint32_t>(integerArgument(info[1], "permissions", 07777));
  return runOn(info, [permissions](const Descriptor& handle) { return setPermissions(handle, permissions); });
}

// Opens, reads and closes on the calling thread, for constructors, which cannot wait.
Status readNow(const std::shared_ptr<FileOperations>& operations, const std::string& path, const std::string& name,
               std::uint64_t maxBytes, Contents* contents, bool* found) {
  std::shared_ptr<Descriptor> directory;
  Status status = openDirectory(operations, path, &directory);
  if (!status.ok()) return status;
  std::shared_ptr<Descriptor> file;
  status = openFile(*directory, name, OpenMode::kRead, kDefaultPermissions, &file);
  *found = status.ok() && file;
  return *found ? readAll(*file, maxBytes, contents) : status;
}

Napi::Value readNowJs(const Napi::CallbackInfo& info) {
  const std::string path = stringArgument(info[0], "path");
  const std::string name = stringArgument(info[1], "name");
  const std::uint64_t maxBytes = integerArgument(info[2], "maxBytes");
  Contents contents;
  bool found = false;
  const auto operations = Environment::of(info.Env()).engine()->files;
  const Status status = readNow(operations, path, name, maxBytes, &contents, &found);
  if (!status.ok()) throw toError(info.Env(), status);
  return found ? toBytes(info.Env(), std::move(contents)) : info.Env().Null();
}

Napi::Value readAllJs(const Napi::CallbackInfo& info) {
  const auto handle = openDescriptor(info[0]);
  const std::uint64_t maxBytes = integerArgument(info[1], "maxBytes");
  const auto part = [=](const StopToken&, Contents* contents) { return readAll(*handle, maxBytes, contents); };
  return run<Contents>(info.Env(), part,
                       [](Napi::Env env, Contents& contents) { return toBytes(env, std::move(contents)); });
}

Napi::Value writeAllJs(const Napi::CallbackInfo& info) {
  const Bytes data = viewArgument(info[1], "data");
  return runOn(info, [data](const Descriptor& handle) { return writeAll(handle, data.data, data.size); }, info[1]);
}

}  // namespace

void exportFiles(Napi::Env, Napi::Object exports) {
  add<promising<openJs>>(exports, "open");
  add<promising<closeJs>>(exports, "close");
  add<promising<statJs>>(exports, "stat");
  add<promising<syncJs>>(exports, "sync");
  add<promising<tryLockJs>>(exports, "tryLock");
  add<promising<unlockJs>>(exports, "unlock");
  add<promising<setModeJs>>(exports, "setMode");
  add<promising<readAllJs>>(exports, "readAll");
  add<synchronous<readNowJs>>(exports, "readNow");
  add<promising<writeAllJs>>(exports, "writeAll");
}

}  // namespace tensorbundle
