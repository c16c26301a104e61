// A job of the engine and the promise of JavaScript that waits for it.
#pragma once

#include <napi.h>

#include <functional>

#include "engine/job.h"

namespace tensorbundle {

class PromisedJob {
 public:
  // Makes the promise's value on the JavaScript thread, after success.
  using ToValue = std::function<Napi::Value(Napi::Env)>;

  // `pinned` (may be empty) is kept from the garbage collector until the job is gone. `ended` is called with this job
  // at its end, on a pool thread, as Job's.
  PromisedJob(Napi::Env env, Work work, ToValue toValue, Napi::Value pinned, std::function<void(PromisedJob*)> ended);
  PromisedJob(const PromisedJob&) = delete;
  PromisedJob& operator=(const PromisedJob&) = delete;
  // On the JavaScript thread, while the environment lives: it releases the pinned object.
  ~PromisedJob();

  Napi::Promise promise() const { return deferred_.Promise(); }

  // As Job::start().
  bool start(ThreadPool& pool, Strand* strand) { return job_.start(pool, strand); }

  // On the JavaScript thread, after the job's end.
  void settle(Napi::Env env);

 private:
  // May throw where the environment is being torn down.
  void settleOnce(Napi::Env env);

  const napi_env env_;
  const ToValue toValue_;
  const Napi::Promise::Deferred deferred_;
  napi_ref pinned_ = nullptr;
  Job job_;
};

}  // namespace tensorbundle
