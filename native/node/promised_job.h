// A job of the engine, and the JavaScript promise for its result.
#pragma once

#include <napi.h>

#include <functional>

#include "engine/job.h"

namespace tensorbundle {

class PromisedJob {
 public:
  // Makes the value of the promise. Called on the JavaScript thread after the job has succeeded.
  using ToValue = std::function<Napi::Value(Napi::Env)>;

  // `pinned` (may be empty) is protected from the garbage collector until the job is destroyed. `ended` is called with
  // this job on a pool thread when the job ends, as in Job.
  PromisedJob(Napi::Env env, Work work, ToValue toValue, Napi::Value pinned, std::function<void(PromisedJob*)> ended);
  PromisedJob(const PromisedJob&) = delete;
  PromisedJob& operator=(const PromisedJob&) = delete;
  // Must run on the JavaScript thread while the environment exists, since it releases the pinned object.
  ~PromisedJob();

  Napi::Promise promise() const { return deferred_.Promise(); }

  // As Job::start().
  bool start(ThreadPool& pool, Strand* strand) { return job_.start(pool, strand); }

  // Must be called on the JavaScript thread after the job has ended.
  void settle(Napi::Env env);

 private:
  // May throw while the environment is shutting down.
  void settleOnce(Napi::Env env);

  const napi_env env_;
  const ToValue toValue_;
  const Napi::Promise::Deferred deferred_;
  napi_ref pinned_ = nullptr;
  Job job_;
};

}  // namespace tensorbundle
