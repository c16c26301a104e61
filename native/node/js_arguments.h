// Checked conversion of what JavaScript passes. TypeScript has validated the meaning; here it is only made sure that no
// value can crash the process: a wrong type is a TypeError, a number out of range a NativeError with code EINVAL.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/shard_writer.h"

namespace tensorbundle {

// A finite integer from 0 to `max`, at most 2^53 - 1.
constexpr double kMaxSafeInteger = 9007199254740991.0;
std::uint64_t toInteger(Napi::Env env, double value, const char* what, double max = kMaxSafeInteger);
std::uint64_t integerArgument(Napi::Value value, const char* what, double max = kMaxSafeInteger);
std::string stringArgument(Napi::Value value, const char* what);
// -1 for undefined.
int permissionsArgument(Napi::Value value);

// The bytes of a typed array or DataView, over any kind of buffer; none if it is detached.
Bytes viewArgument(Napi::Value value, const char* what);

// The bytes of every view of an array. `pinned` becomes an array of the same views that nobody else can change: whoever
// holds on to it keeps all of the buffers.
std::vector<Bytes> viewsArgument(Napi::Value value, const char* what, Napi::Value* pinned);

}  // namespace tensorbundle
