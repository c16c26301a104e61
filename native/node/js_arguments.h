// Checked conversion of what JavaScript passes. TypeScript code has validated the meaning already. The checks here only
// make sure that no value can crash the process: a wrong type is a TypeError, a number out of range is a NativeError
// with code EINVAL.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/shard_writer.h"

namespace tensorbundle {

// An integer from 0 to `max`, which is at most 2^53 - 1.
constexpr double kMaxSafeInteger = 9007199254740991.0;
std::uint64_t toInteger(Napi::Env env, double value, const char* what, double max = kMaxSafeInteger);
std::uint64_t integerArgument(Napi::Value value, const char* what, double max = kMaxSafeInteger);
std::string stringArgument(Napi::Value value, const char* what);
// -1 for undefined.
int permissionsArgument(Napi::Value value);

// The bytes of a typed array or DataView on any kind of buffer; none if the buffer is detached.
Bytes viewArgument(Napi::Value value, const char* what);

// The bytes of every view in an array. `pinned` becomes a new array with the same views. A reference to it keeps all of
// the buffers alive, and the caller's code cannot change it.
std::vector<Bytes> viewsArgument(Napi::Value value, const char* what, Napi::Value* pinned);

}  // namespace tensorbundle
