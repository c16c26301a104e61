// Everything the addon holds for one JavaScript environment (the main thread or a worker thread). There are no globals:
// each environment has its own pool, and its clean-up hook stops it before the environment's memory goes away.
#pragma once

#include <napi.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "engine/engine.h"
#include "engine/strand.h"
#include "engine/thread_pool.h"
#include "node/promised_job.h"

namespace tensorbundle {

class Environment {
 public:
  // Made in the addon's initialization; owned by the environment's instance data.
  static Environment& create(Napi::Env env, std::shared_ptr<FileOperations> operations);
  static Environment& of(Napi::Env env);

  ~Environment() = default;

  const std::shared_ptr<Engine>& engine() const { return engine_; }
  const ThreadPool& pool() const { return pool_; }

  // For run() in run.h, which every export calls instead.
  Napi::Promise start(Napi::Env env, Work work, PromisedJob::ToValue toValue, Napi::Value pinned, Strand* strand);

 private:
  Environment(Napi::Env env, std::shared_ptr<FileOperations> operations);

  void complete(PromisedJob* job);
  void settleCompleted(Napi::Env env);
  void release(PromisedJob* job);
  void shutDown();

  const napi_env env_;
  const std::shared_ptr<Engine> engine_;
  ThreadPool pool_;
  // Wakes the event loop; references it only while jobs are under way, so that an idle addon keeps no process alive.
  napi_threadsafe_function wake_ = nullptr;
  // Every job that is under way; only touched on the JavaScript thread.
  std::unordered_map<PromisedJob*, std::unique_ptr<PromisedJob>> jobs_;
  std::mutex completedMutex_;
  std::deque<PromisedJob*> completed_;
};

}  // namespace tensorbundle
