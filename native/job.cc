#include "job.h"

#include <cerrno>
#include <exception>
#include <new>
#include <utility>

#include "js_error.h"

namespace tensorbundle {
namespace {

// The boundary between exceptions and statuses: nothing may leave a pool thread's task.
template <typename Call>
Status guarded(Call call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Status::failure(ENOMEM, "malloc");
  } catch (const std::exception&) {
    return Status::failure(EOVERFLOW, "engine");
  }
}

}  // namespace

Job::Job(Napi::Env env, Work work, Napi::Value pinned)
    : env_(env), work_(std::move(work)), deferred_(Napi::Promise::Deferred::New(env)) {
  if (pinned.IsEmpty()) return;
  if (napi_create_reference(env, pinned, 1, &pinned_) != napi_ok) throw Napi::Error::New(env);
}

Job::~Job() {
  if (pinned_ != nullptr) napi_delete_reference(env_, pinned_);
}

std::size_t Job::plan(std::size_t threads) {
  std::size_t parts = 1;
  if (work_.plan) record(guarded([&] { return work_.plan(threads, &parts); }));
  if (!status_.ok()) parts = 1;
  remaining_.store(parts);
  return parts;
}

bool Job::runPart(const StopToken& stop) {
  bool run = false;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    run = status_.ok();
  }
  if (run) record(guarded([&] { return work_.part(stop); }));
  return remaining_.fetch_sub(1) == 1;
}

bool Job::skipPart() {
  record(Status::canceled());
  return remaining_.fetch_sub(1) == 1;
}

void Job::record(Status status) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (status_.ok()) status_ = std::move(status);
}

void Job::settle(Napi::Env env) {
  try {
    settleOnce(env);
  } catch (const Napi::Error&) {
    // A worker that is being terminated runs no JavaScript any more, so nobody is left to be told.
  }
}

void Job::settleOnce(Napi::Env env) {
  try {
    if (status_.ok()) {
      deferred_.Resolve(work_.result ? work_.result(env) : env.Undefined());
    } else {
      deferred_.Reject(toError(env, status_).Value());
    }
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  } catch (const std::bad_alloc&) {
    deferred_.Reject(toError(env, Status::failure(ENOMEM, "malloc")).Value());
  }
}

}  // namespace tensorbundle
