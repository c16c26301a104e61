// The functions of the JavaScript contract (`NativeBinding` in src/binding.ts), with one file per group.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <new>

#include "engine/file_operations.h"
#include "node/js_error.h"
#include "node/run.h"

namespace tensorbundle {

void exportCrc32c(Napi::Env env, Napi::Object exports);
void exportDirectories(Napi::Env env, Napi::Object exports);
void exportFiles(Napi::Env env, Napi::Object exports);
void exportShards(Napi::Env env, Napi::Object exports);
void exportSteps(Napi::Env env, Napi::Object exports);
void exportRanges(Napi::Env env, Napi::Object exports);
void exportMapping(Napi::Env env, Napi::Object exports);
void exportOpening(Napi::Env env, Napi::Object exports);
void exportMemory(Napi::Env env, Napi::Object exports);
void exportCopying(Napi::Env env, Napi::Object exports);
void exportDetaching(Napi::Env env, Napi::Object exports);

// Sets up the environment and exports everything.
Napi::Object exportBinding(Napi::Env env, Napi::Object exports, std::shared_ptr<FileOperations> operations);

// Wraps a function that reports errors by throwing.
template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
Napi::Value synchronous(const Napi::CallbackInfo& info) {
  try {
    return kFunction(info);
  } catch (const std::bad_alloc&) {
    throw toError(info.Env(), Status::failure(Error::kENOMEM, "malloc"));
  }
}

// Wraps a function that returns a promise. Wrong arguments reject the promise, too, so that a caller has to handle only
// one kind of failure.
template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
Napi::Value promising(const Napi::CallbackInfo& info) {
  const auto rejected = [&info](const Napi::Error& error) {
    const auto deferred = Napi::Promise::Deferred::New(info.Env());
    deferred.Reject(error.Value());
    return deferred.Promise();
  };
  try {
    return kFunction(info);
  } catch (const Napi::Error& error) {
    return rejected(error);
  } catch (const std::bad_alloc&) {
    return rejected(toError(info.Env(), Status::failure(Error::kENOMEM, "malloc")));
  }
}

template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
void add(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<kFunction>(exports.Env(), name));
}

template <MakeCall kMake>
Napi::Value started(const Napi::CallbackInfo& info) {
  return start(info.Env(), kMake(Arguments(info)));
}

// A function that returns a promise, and that can be a step of a list, too.
template <MakeCall kMake>
void addCall(Napi::Object exports, const char* name) {
  add<promising<started<kMake>>>(exports, name);
  Environment::of(exports.Env()).calls.emplace(name, kMake);
}

}  // namespace tensorbundle
