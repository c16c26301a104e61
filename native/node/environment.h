// Everything that the addon holds for one JavaScript environment (the main thread or a worker thread). There are no
// globals: each environment has its own pool, and its clean-up hook stops the pool before the environment's memory is
// freed.
#pragma once

#include <napi.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "engine/engine.h"
#include "engine/patience.h"
#include "engine/strand.h"
#include "engine/thread_pool.h"
#include "node/call.h"
#include "node/promised_job.h"

namespace tensorbundle {

struct JobOptions {
  // Kept alive until the job has ended, unless empty.
  Napi::Value pinned;
  Strand* strand = nullptr;
  // As in Call.
  bool isLong = false;
};

class Environment {
 public:
  // Called in the addon's initialization. The environment's instance data owns the result.
  static Environment& create(Napi::Env env, std::shared_ptr<FileOperations> operations);
  static Environment& of(Napi::Env env);

  ~Environment() = default;

  // What a step of a list may be, by its name. Filled while the exports are made.
  std::unordered_map<std::string, MakeCall> calls;

  const std::shared_ptr<Engine>& engine() const { return engine_; }
  const ThreadPool& pool() const { return pool_; }

  // Only for run() in run.h, which the exports call.
  Napi::Promise start(Napi::Env env, Work work, PromisedJob::ToValue toValue, const JobOptions& options);

 private:
  Environment(Napi::Env env, std::shared_ptr<FileOperations> operations);

  // Waits for a job that awaited_ names. False if it goes on: then complete() will be told.
  bool endsSoon(PromisedJob* job, std::chrono::microseconds limit);
  void complete(PromisedJob* job);
  void settleCompleted(Napi::Env env);
  void release(PromisedJob* job);
  void shutDown();

  const napi_env env_;
  const std::shared_ptr<Engine> engine_;
  ThreadPool pool_;
  // Wakes the event loop. It keeps the loop alive only while jobs run, so that an idle addon does not keep the process
  // alive.
  napi_threadsafe_function wake_ = nullptr;
  // Every job that has not been settled. Used only on the JavaScript thread.
  std::unordered_map<PromisedJob*, std::unique_ptr<PromisedJob>> jobs_;
  // The job that the JavaScript thread waits for at this moment. Either the waiting thread sets it to null, when it
  // gives up, or the pool does, when the job ends. So it is clear which of the two settles the job.
  std::atomic<PromisedJob*> awaited_{nullptr};
  // Of the JavaScript thread.
  Patience patience_;
  std::mutex completedMutex_;
  std::deque<PromisedJob*> completed_;
};

}  // namespace tensorbundle
