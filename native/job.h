// Work of the pool that a promise waits for.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>

#include "status.h"
#include "stop_token.h"

namespace tensorbundle {

// What a caller describes. The functions share their data by capturing it.
struct Work {
  // On a pool thread, before the parts: how many there shall be, at most `threads`. None means one.
  std::function<Status(std::size_t threads, std::size_t* parts)> plan;
  // On `parts` pool threads at once. The first failure is the job's.
  std::function<Status(const StopToken&)> part;
  // On the JavaScript thread, after success: the promise's value.
  std::function<Napi::Value(Napi::Env)> result;
};

class Job {
 public:
  // `pinned` (may be empty) is kept from the garbage collector until the job is gone.
  Job(Napi::Env env, Work work, Napi::Value pinned);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  // On the JavaScript thread, while the environment lives: it releases the pinned object.
  ~Job();

  Napi::Promise promise() const { return deferred_.Promise(); }

  // Pool threads. plan() comes first; runPart() is true for the part that ends last.
  std::size_t plan(std::size_t threads);
  bool runPart(const StopToken& stop);
  // Fails a part that could not be started; true if it was the last.
  bool skipPart();

  // JavaScript thread.
  void settle(Napi::Env env);

 private:
  void record(Status status);
  // May throw where the environment is being torn down.
  void settleOnce(Napi::Env env);

  const napi_env env_;
  Work work_;
  Napi::Promise::Deferred deferred_;
  napi_ref pinned_ = nullptr;
  std::atomic<std::size_t> remaining_{1};
  std::mutex mutex_;
  Status status_;
};

}  // namespace tensorbundle
