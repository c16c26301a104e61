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

// What `readStart` may be asked for: it is allocated before the size of the file is known.
constexpr double kMaxStart = 65536;

OpenMode modeArgument(Napi::Value value) {
  const std::string mode = stringArgument(value, "mode");
  if (mode == "read") return OpenMode::kRead;
  if (mode == "create") return OpenMode::kCreate;
  if (mode == "lock") return OpenMode::kLock;
  throw toError(value.Env(), Status::failure(Error::kEINVAL, "mode"));
}

Call openJs(const Arguments& info) {
  const auto directory = info.handle();
  const std::string name = stringArgument(info[1], "name");
  const OpenMode mode = modeArgument(info[2]);
  const int permissions = permissionsArgument(info[3]);
  Call made =
      callThatOpens([=](auto* opened) { return openFile(*directory->descriptor, name, mode, permissions, opened); });
  made.needs = directory;
  return made;
}

Call closeJs(const Arguments& info) {
  const auto closing = info.closing();
  return call([closing](const StopToken&) {
    const auto descriptor = std::exchange(closing->descriptor, nullptr);
    // If the count is not 1, a job that shares the descriptor closes it when it ends.
    return descriptor.use_count() == 1 ? descriptor->close() : Status{};
  });
}

Call statJs(const Arguments& info) {
  struct Output {
    FileStat stat;
    bool found = true;
  };
  const bool ofName = !info[1].IsUndefined();
  const std::string name = ofName ? stringArgument(info[1], "name") : std::string();
  const bool follow = info[2].ToBoolean();
  const auto part = [=](const Descriptor& handle, Output* output) {
    return ofName ? statName(handle, name, follow, &output->stat, &output->found) : statHandle(handle, &output->stat);
  };
  return callOn<Output>(info.handle(), part, [](Napi::Env env, const Output& output) -> Napi::Value {
    return output.found ? toObject(env, output.stat) : env.Null();
  });
}

Call syncJs(const Arguments& info) {
  Call made = callOn(info.handle(), [](Descriptor& handle) { return handle.sync(Descriptor::SyncKind::kAll); });
  made.isLong = true;
  return made;
}

Call tryLockJs(const Arguments& info) {
  const bool shared = info[1].ToBoolean();
  const auto locked = std::make_shared<bool>(false);
  Call made = callOn(info.handle(), [=](const Descriptor& handle) { return tryLock(handle, shared, locked.get()); });
  made.toValue = [locked](Napi::Env env) { return toBoolean(env, *locked); };
  // What comes after it needs the lock.
  made.ends = [locked] { return !*locked; };
  return made;
}

Call unlockJs(const Arguments& info) { return callOn(info.handle(), unlock); }

Call setModeJs(const Arguments& info) {
  const auto permissions = static_cast<std::uint32_t>(integerArgument(info[1], "permissions", 07777));
  return callOn(info.handle(), [permissions](const Descriptor& handle) { return setPermissions(handle, permissions); });
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
  return found ? toBytes(info.Env(), contents) : info.Env().Null();
}

Call readAllJs(const Arguments& info) {
  const std::uint64_t maxBytes = integerArgument(info[1], "maxBytes");
  const auto part = [=](const Descriptor& file, Contents* contents) { return readAll(file, maxBytes, contents); };
  return callOn<Contents>(info.handle(), part,
                          [](Napi::Env env, const Contents& contents) { return toBytes(env, contents); });
}

Call readStartJs(const Arguments& info) {
  const std::uint64_t most = integerArgument(info[1], "most", kMaxStart);
  const auto part = [=](const Descriptor& file, Contents* contents) {
    return readStart(file, static_cast<std::size_t>(most), contents);
  };
  return callOn<Contents>(info.handle(), part,
                          [](Napi::Env env, const Contents& contents) { return toBytes(env, contents); });
}

Call writeAllJs(const Arguments& info) {
  const Bytes data = viewArgument(info[1], "data");
  return callOn(
      info.handle(), [data](const Descriptor& file) { return writeAll(file, data.data, data.size); }, info[1]);
}

}  // namespace

void exportFiles(Napi::Env, Napi::Object exports) {
  addCall<openJs>(exports, "open");
  addCall<closeJs>(exports, "close");
  addCall<statJs>(exports, "stat");
  addCall<syncJs>(exports, "sync");
  addCall<tryLockJs>(exports, "tryLock");
  addCall<unlockJs>(exports, "unlock");
  addCall<setModeJs>(exports, "setMode");
  addCall<readAllJs>(exports, "readAll");
  addCall<readStartJs>(exports, "readStart");
  add<synchronous<readNowJs>>(exports, "readNow");
  addCall<writeAllJs>(exports, "writeAll");
}

}  // namespace tensorbundle
