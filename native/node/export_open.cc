// Exports: files that are opened together.
#include <memory>
#include <utility>

#include "engine/open_files.h"
#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"
#include "node/js_error.h"
#include "node/js_handle.h"
#include "node/js_values.h"
#include "node/run.h"

namespace tensorbundle {
namespace {

std::vector<std::string> namesArgument(Napi::Value value) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0) {
    throw Napi::TypeError::New(value.Env(), "names must be an array of names");
  }
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::HandleScope scope(value.Env());
    names.push_back(stringArgument(array.Get(i), "names"));
  }
  return names;
}

Napi::Value toFile(Napi::Env env, OpenedFiles::File& file, bool isClosed) {
  if (!file.descriptor) return env.Null();
  const Napi::Object object = Napi::Object::New(env);
  object.Set("stat", toObject(env, file.stat));
  object.Set("handle", wrapHandle(env, FileHandle{isClosed ? nullptr : std::move(file.descriptor)}));
  return object;
}

Napi::Value toResult(Napi::Env env, OpenedFiles& opened, bool ownsDirectory) {
  const Napi::Object object = Napi::Object::New(env);
  if (opened.directory && ownsDirectory) {
    object.Set("directory", wrapHandle(env, FileHandle{opened.isWhole ? nullptr : std::move(opened.directory)}));
    object.Set("identity", toObject(env, opened.directoryStat).As<Napi::Object>().Get("identity"));
  }
  const Napi::Array files = Napi::Array::New(env, opened.files.size());
  for (std::uint32_t i = 0; i < opened.files.size(); ++i) {
    const Napi::HandleScope scope(env);
    files.Set(i, toFile(env, opened.files[i], i == 0 && opened.isWhole));
  }
  object.Set("files", files);
  object.Set("contents", opened.contents.bytes ? toBytes(env, opened.contents) : env.Null());
  object.Set("now", opened.isNamed ? toObject(env, opened.now) : env.Null());
  object.Set("isWhole", opened.isWhole);
  if (!opened.failure.ok()) object.Set("failure", toError(env, opened.failure).Value());
  return object;
}

Napi::Value openFilesJs(const Napi::CallbackInfo& info) {
  const auto wanted = std::make_shared<FilesToOpen>();
  wanted->operations = Environment::of(info.Env()).engine()->files;
  const bool ownsDirectory = info[0].IsString();
  if (ownsDirectory) {
    wanted->path = stringArgument(info[0], "path");
  } else {
    wanted->directory = openDescriptor(info[0]);
  }
  wanted->names = namesArgument(info[1]);
  wanted->readAtMost = integerArgument(info[2], "readAtMost");
  const auto part = [wanted](const StopToken&, OpenedFiles* opened) {
    openFiles(*wanted, opened);
    return Status{};
  };
  return run<OpenedFiles>(info.Env(), part, [ownsDirectory](Napi::Env env, OpenedFiles& opened) {
    return toResult(env, opened, ownsDirectory);
  });
}

}  // namespace

void exportOpening(Napi::Env, Napi::Object exports) { add<promising<openFilesJs>>(exports, "openFiles"); }

}  // namespace tensorbundle
