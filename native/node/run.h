// The only way in which an exported function starts work: as a job of the engine, with a promise for its result.
#pragma once

#include <napi.h>

#include <utility>

#include "node/call.h"
#include "node/environment.h"

namespace tensorbundle {

inline Napi::Promise start(Napi::Env env, Call made) {
  Work work;
  work.plan = std::move(made.plan);
  work.part = std::move(made.part);
  const JobOptions options{made.pinned, made.strand, made.isLong};
  return Environment::of(env).start(env, std::move(work), std::move(made.toValue), options);
}

// As `call` in call.h, and starts it.
template <typename Output, typename Part, typename ToValue>
Napi::Value run(Napi::Env env, Part part, ToValue toValue, RunOptions options = {}) {
  return start(env, call<Output>(std::move(part), std::move(toValue), std::move(options)));
}

template <typename Part>
Napi::Value run(Napi::Env env, Part part, RunOptions options = {}) {
  return start(env, call(std::move(part), std::move(options)));
}

}  // namespace tensorbundle
