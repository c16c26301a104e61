// Turns plain results of jobs into JavaScript values.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "engine/file_calls.h"
#include "engine/file_operations.h"

namespace tensorbundle {

Napi::Value toBoolean(Napi::Env env, bool value);
Napi::Value toUint32Array(Napi::Env env, const std::vector<std::uint32_t>& values);
// `FileStat` in src/binding.ts.
Napi::Value toObject(Napi::Env env, const FileStat& stat);
// A copy in the runtime's own memory. It can be transferred to any thread, and its last owner frees it.
Napi::Value toBytes(Napi::Env env, const Contents& contents);

}  // namespace tensorbundle
