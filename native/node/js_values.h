// Turns plain results of jobs into JavaScript values.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

namespace tensorbundle {

Napi::Value toBoolean(Napi::Env env, bool value);
Napi::Value toUint32Array(Napi::Env env, const std::vector<std::uint32_t>& values);

}  // namespace tensorbundle
