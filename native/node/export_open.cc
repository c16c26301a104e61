// Exports: files that are opened together.
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "engine/open_files.h"
#include "engine/plain_table.h"
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

// What a job gives: the files, and the columns of the first one if it is a plain table.
struct OpenedTable {
  OpenedFiles opened;
  PlainTable table;
  bool isTable = false;
};

// All names of a table as one string are cut by V8 in one go, which must not take long. JavaScript has no use for more
// (src/bundle/index-file.ts).
constexpr std::size_t kMaxNamesAtOnce = 8192;
constexpr std::size_t kMaxTextBytes = std::size_t{4} << 20;

Napi::Value toBytes(Napi::Env env, const std::vector<std::uint8_t>& from) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, from.size());
  if (!from.empty()) std::memcpy(bytes.Data(), from.data(), from.size());
  return bytes;
}

// The keys after the first, with NUL between them.
Napi::Value toText(Napi::Env env, const PlainTable& table) {
  const std::size_t count = table.keyEnds.size();
  if (!table.isText || count < 2 || count > kMaxNamesAtOnce) return env.Null();
  if (table.keys.size() > kMaxTextBytes) return env.Null();
  std::string text;
  text.reserve(table.keys.size() + count);
  for (std::size_t i = 1; i < count; ++i) {
    if (i > 1) text.push_back('\0');
    text.append(table.keys.begin() + table.keyEnds[i - 1], table.keys.begin() + table.keyEnds[i]);
  }
  napi_value value = nullptr;
  if (napi_create_string_latin1(env, text.data(), text.size(), &value) != napi_ok) throw Napi::Error::New(env);
  return Napi::Value(env, value);
}

Napi::Value toObject(Napi::Env env, const PlainTable& table) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("keys", toBytes(env, table.keys));
  object.Set("keyEnds", toUint32Array(env, table.keyEnds));
  object.Set("valueStarts", toUint32Array(env, table.valueStarts));
  object.Set("valueEnds", toUint32Array(env, table.valueEnds));
  object.Set("ascii", toBytes(env, table.ascii));
  object.Set("text", toText(env, table));
  return object;
}

Napi::Value toResult(Napi::Env env, OpenedTable& result, bool ownsDirectory) {
  OpenedFiles& opened = result.opened;
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
  object.Set("table", result.isTable ? toObject(env, result.table) : env.Null());
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
  const auto engine = Environment::of(info.Env()).engine();
  const auto part = [wanted, engine](const StopToken&, OpenedTable* result) {
    OpenedFiles& opened = result->opened;
    openFiles(*wanted, &opened);
    const Contents& contents = opened.contents;
    if (!opened.isWhole) return Status{};
    try {
      result->isTable = readPlainTable(contents.bytes.get(), contents.size, engine->crc32c, &result->table);
    } catch (const std::bad_alloc&) {
      // The files are open. The thorough reader says what the index needs.
      result->table = {};
    }
    return Status{};
  };
  return run<OpenedTable>(info.Env(), part, [ownsDirectory](Napi::Env env, OpenedTable& result) {
    return toResult(env, result, ownsDirectory);
  });
}

}  // namespace

void exportOpening(Napi::Env, Napi::Object exports) { add<promising<openFilesJs>>(exports, "openFiles"); }

}  // namespace tensorbundle
