#include "node/js_values.h"

#include <cstring>

namespace tensorbundle {

Napi::Value toBoolean(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }

Napi::Value toUint32Array(Napi::Env env, const std::vector<std::uint32_t>& values) {
  Napi::Uint32Array array = Napi::Uint32Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(std::uint32_t));
  return array;
}

}  // namespace tensorbundle
