#include "node/environment.h"

#include <utility>

namespace tensorbundle {

Environment& Environment::create(Napi::Env env, std::shared_ptr<FileOperations> operations) {
  auto* environment = new Environment(env, std::move(operations));
  env.SetInstanceData(environment);
  return *environment;
}

Environment& Environment::of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

Environment::Environment(Napi::Env env, std::shared_ptr<FileOperations> operations)
    : env_(env), engine_(std::make_shared<Engine>(std::move(operations))) {
  // Called without an environment while the function is being destroyed.
  const auto onWake = [](napi_env callEnv, napi_value, void* context, void*) {
    if (callEnv != nullptr) static_cast<Environment*>(context)->settleCompleted(callEnv);
  };
  if (napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "tensorbundle"), 0, 1, nullptr,
                                      nullptr, this, onWake, &wake_) != napi_ok ||
      napi_unref_threadsafe_function(env, wake_) != napi_ok ||
      // Hooks run in reverse order. This one is added after that of the threadsafe function, so the function still
      // exists when it runs.
      napi_add_env_cleanup_hook(
          env, [](void* self) { static_cast<Environment*>(self)->shutDown(); }, this) != napi_ok) {
    throw Napi::Error::New(env);
  }
}

Napi::Promise Environment::start(Napi::Env env, Work work, PromisedJob::ToValue toValue, const JobOptions& options) {
  auto owned = std::make_unique<PromisedJob>(env, std::move(work), std::move(toValue), options.pinned,
                                             [this](PromisedJob* job) { complete(job); });
  PromisedJob* job = owned.get();
  const Napi::Promise promise = job->promise();
  const bool isFirst = jobs_.empty();
  // Only for a job that has the pool to itself: others would have to be done first.
  const bool mayWait = isFirst && !options.isLong && pool_.briefWait().isWorthwhile();
  const auto limit = mayWait ? patience_.next() : std::chrono::microseconds(0);
  const bool waits = limit.count() > 0;
  if (waits) awaited_.store(job);
  jobs_.emplace(job, std::move(owned));
  const bool isStarted = job->start(pool_, options.strand);
  if (!isStarted) awaited_.store(nullptr);
  if (!isStarted || (waits && endsSoon(job, limit))) {
    job->settle(env);
    jobs_.erase(job);
  } else if (isFirst) {
    napi_ref_threadsafe_function(env, wake_);
  }
  return promise;
}

bool Environment::endsSoon(PromisedJob* job, std::chrono::microseconds limit) {
  if (!pool_.briefWait().until([this, job] { return awaited_.load() != job; }, limit)) {
    PromisedJob* expected = job;
    if (awaited_.compare_exchange_strong(expected, nullptr)) {
      patience_.ended(true);
      return false;
    }
  }
  patience_.ended(false);
  return true;
}

void Environment::complete(PromisedJob* job) {
  PromisedJob* expected = job;
  if (awaited_.compare_exchange_strong(expected, nullptr)) return;
  bool first = false;
  {
    const std::lock_guard<std::mutex> guard(completedMutex_);
    first = completed_.empty();
    completed_.push_back(job);
  }
  // One wake-up settles all completed jobs.
  if (first) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void Environment::settleCompleted(Napi::Env env) {
  std::deque<PromisedJob*> completed;
  {
    const std::lock_guard<std::mutex> guard(completedMutex_);
    completed.swap(completed_);
  }
  for (PromisedJob* job : completed) {
    napi_handle_scope scope = nullptr;
    // Not Napi::HandleScope: it throws while a worker is being terminated, and the jobs must be released even then.
    const bool scoped = napi_open_handle_scope(env, &scope) == napi_ok;
    job->settle(env);
    release(job);
    if (scoped) napi_close_handle_scope(env, scope);
  }
}

void Environment::release(PromisedJob* job) {
  jobs_.erase(job);
  if (jobs_.empty()) napi_unref_threadsafe_function(env_, wake_);
}

void Environment::shutDown() {
  // Afterwards the pool has no threads, so nothing else uses the jobs or the function.
  pool_.stop();
  jobs_.clear();
  completed_.clear();
  napi_release_threadsafe_function(wake_, napi_tsfn_release);
}

}  // namespace tensorbundle
