#include "node/js_values.h"

#include <cstring>
#include <string>

namespace tensorbundle {
namespace {

const char* kindName(FileStat::Kind kind) {
  switch (kind) {
    case FileStat::Kind::kFile:
      return "file";
    case FileStat::Kind::kDirectory:
      return "directory";
    case FileStat::Kind::kSymlink:
      return "symlink";
    case FileStat::Kind::kOther:
      break;
  }
  return "other";
}

}  // namespace

Napi::Value toBoolean(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }

Napi::Value toUint32Array(Napi::Env env, const std::vector<std::uint32_t>& values) {
  Napi::Uint32Array array = Napi::Uint32Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(std::uint32_t));
  return array;
}

Napi::Value toObject(Napi::Env env, const FileStat& stat) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("identity", std::to_string(stat.device) + ":" + std::to_string(stat.inode));
  object.Set("kind", kindName(stat.kind));
  object.Set("size", Napi::Number::New(env, static_cast<double>(stat.size)));
  object.Set("mode", Napi::Number::New(env, stat.permissions));
  object.Set("links", Napi::Number::New(env, static_cast<double>(stat.links)));
  object.Set("modified", Napi::BigInt::New(env, stat.modifiedNanoseconds));
  return object;
}

Napi::Value toBytes(Napi::Env env, const Contents& contents) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, contents.size);
  if (contents.size > 0) std::memcpy(bytes.Data(), contents.bytes.get(), contents.size);
  return bytes;
}

}  // namespace tensorbundle
