// Exports: handles of files, and small files as a whole.
#include <cstring>
#include <utility>

#include "environment.h"
#include "exports.h"
#include "file_calls.h"
#include "js_arguments.h"
#include "js_handle.h"

namespace tensorbundle {
namespace {

OpenMode modeArgument(Napi::Value value) {
  const std::string mode = stringArgument(value, "mode");
  if (mode == "read") return OpenMode::kRead;
  if (mode == "create") return OpenMode::kCreate;
  if (mode == "lock") return OpenMode::kLock;
  throw toError(value.Env(), Status::failure(EINVAL, "mode"));
}

const char* kindName(FileInfo::Kind kind) {
  switch (kind) {
    case FileInfo::Kind::kFile:
      return "file";
    case FileInfo::Kind::kDirectory:
      return "directory";
    case FileInfo::Kind::kSymlink:
      return "symlink";
    case FileInfo::Kind::kOther:
      break;
  }
  return "other";
}

Napi::Value toObject(Napi::Env env, const FileInfo& info) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("identity", std::to_string(info.device) + ":" + std::to_string(info.inode));
  object.Set("kind", kindName(info.kind));
  object.Set("size", Napi::Number::New(env, static_cast<double>(info.size)));
  object.Set("mode", Napi::Number::New(env, info.mode));
  object.Set("links", Napi::Number::New(env, static_cast<double>(info.links)));
  object.Set("modified", Napi::BigInt::New(env, info.modifiedNanoseconds));
  return object;
}

// A call of one open handle without a result.
template <typename Call>
Napi::Value runOn(const Napi::CallbackInfo& info, Call call, Napi::Value pinned = {}) {
  const auto handle = openDescriptor(info[0]);
  Work work;
  work.part = [handle, call](const StopToken&) { return call(*handle); };
  return Environment::of(info.Env()).run(info.Env(), std::move(work), pinned);
}

Napi::Value openJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  const OpenMode mode = modeArgument(info[2]);
  const int permissions = permissionsArgument(info[3]);
  auto opened = std::make_shared<std::shared_ptr<Descriptor>>();
  Work work;
  work.part = [=](const StopToken&) { return openFile(*directory, name, mode, permissions, opened.get()); };
  work.result = [opened](Napi::Env env) -> Napi::Value {
    if (!*opened) return env.Null();
    return wrapHandle(env, FileHandle{std::move(*opened)});
  };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

Napi::Value closeJs(const Napi::CallbackInfo& info) {
  // From now on the handle is closed for JavaScript. If a job still uses the descriptor, the last one closes it.
  auto descriptor = std::make_shared<std::shared_ptr<Descriptor>>(
      std::exchange(unwrapHandle<FileHandle>(info[0]).descriptor, nullptr));
  Work work;
  work.part = [descriptor](const StopToken&) {
    if (!*descriptor) return Status{};
    // Not 1: the job that shares it will close it, when it is done.
    Status status = descriptor->use_count() == 1 ? (*descriptor)->close() : Status{};
    descriptor->reset();
    return status;
  };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

Napi::Value statJs(const Napi::CallbackInfo& info) {
  struct Box {
    FileInfo info;
    bool found = true;
  };
  const auto handle = openDescriptor(info[0]);
  const bool ofName = !info[1].IsUndefined();
  const std::string name = ofName ? stringArgument(info[1], "name") : std::string();
  const bool follow = info[2].ToBoolean();
  auto box = std::make_shared<Box>();
  Work work;
  work.part = [=](const StopToken&) {
    return ofName ? statName(*handle, name, follow, &box->info, &box->found) : statHandle(*handle, &box->info);
  };
  work.result = [box](Napi::Env env) -> Napi::Value {
    return box->found ? toObject(env, box->info) : Napi::Value(env.Null());
  };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

Napi::Value syncJs(const Napi::CallbackInfo& info) {
  return runOn(info, [](Descriptor& handle) { return handle.sync(Descriptor::SyncKind::kAll); });
}

Napi::Value tryLockJs(const Napi::CallbackInfo& info) {
  const auto handle = openDescriptor(info[0]);
  const bool shared = info[1].ToBoolean();
  auto locked = std::make_shared<bool>(false);
  Work work;
  work.part = [=](const StopToken&) { return tryLock(*handle, shared, locked.get()); };
  work.result = [locked](Napi::Env env) -> Napi::Value { return Napi::Boolean::New(env, *locked); };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

Napi::Value unlockJs(const Napi::CallbackInfo& info) {
  return runOn(info, [](const Descriptor& handle) { return unlock(handle); });
}

Napi::Value setModeJs(const Napi::CallbackInfo& info) {
  const auto permissions = static_cast<std::uint32_t>(integerArgument(info[1], "permissions", 07777));
  return runOn(info, [permissions](const Descriptor& handle) { return setMode(handle, permissions); });
}

// A copy in the runtime's own memory, which may go to any thread and is freed with whoever has it last.
Napi::Value toBytes(Napi::Env env, Contents contents) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, contents.size);
  if (contents.size > 0) std::memcpy(bytes.Data(), contents.bytes.get(), contents.size);
  return bytes;
}

// Opens, reads and closes on the calling thread: for a constructor, which cannot wait.
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
  auto contents = std::make_shared<Contents>();
  Work work;
  work.part = [=](const StopToken&) { return readAll(*handle, maxBytes, contents.get()); };
  work.result = [contents](Napi::Env env) -> Napi::Value { return toBytes(env, std::move(*contents)); };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

Napi::Value writeAllJs(const Napi::CallbackInfo& info) {
  const Bytes data = viewArgument(info[1], "data");
  return runOn(
      info, [data](const Descriptor& handle) { return writeAll(handle, data.data, data.size); }, info[1]);
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
