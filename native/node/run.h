// The only way in which an exported function starts work: as a job of the engine, with a promise for its result.
#pragma once

#include <napi.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "engine/status.h"
#include "engine/stop_token.h"
#include "engine/strand.h"
#include "node/environment.h"

namespace tensorbundle {

// Optional parts of a job.
struct RunOptions {
  // As in Work, for a part that several threads run at once.
  std::function<Status(std::size_t threads, std::size_t* parts)> plan;
  // Kept alive until the promise settles, unless empty.
  Napi::Value pinned;
  // The jobs of one strand run one after another, in the order in which they were started.
  Strand* strand = nullptr;
};

// `part(stop, output)` runs on the pool and stores its result in `*output`. Then `toValue(env, *output)` makes the
// promise's value from it on the JavaScript thread.
template <typename Output, typename Part, typename ToValue>
Napi::Value run(Napi::Env env, Part part, ToValue toValue, RunOptions options = {}) {
  const auto output = std::make_shared<Output>();
  Work work;
  work.plan = std::move(options.plan);
  work.part = [output, part = std::move(part)](const StopToken& stop) { return part(stop, output.get()); };
  return Environment::of(env).start(
      env, std::move(work),
      [output, toValue = std::move(toValue)](Napi::Env valueEnv) -> Napi::Value { return toValue(valueEnv, *output); },
      options.pinned, options.strand);
}

// For a `part(stop)` without a result: the promise's value is undefined.
template <typename Part>
Napi::Value run(Napi::Env env, Part part, RunOptions options = {}) {
  struct Nothing {};
  return run<Nothing>(
      env, [part = std::move(part)](const StopToken& stop, Nothing*) { return part(stop); },
      [](Napi::Env valueEnv, const Nothing&) { return valueEnv.Undefined(); }, std::move(options));
}

}  // namespace tensorbundle
