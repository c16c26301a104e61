#include "node/promised_job.h"

#include <new>
#include <utility>

#include "node/js_error.h"

namespace tensorbundle {

PromisedJob::PromisedJob(Napi::Env env, Work work, ToValue toValue, Napi::Value pinned,
                         std::function<void(PromisedJob*)> ended)
    : env_(env),
      toValue_(std::move(toValue)),
      deferred_(Napi::Promise::Deferred::New(env)),
      job_(std::move(work), [this, ended = std::move(ended)] { ended(this); }) {
  if (pinned.IsEmpty()) return;
  if (napi_create_reference(env, pinned, 1, &pinned_) != napi_ok) throw Napi::Error::New(env);
}

PromisedJob::~PromisedJob() {
  if (pinned_ != nullptr) napi_delete_reference(env_, pinned_);
}

void PromisedJob::settle(Napi::Env env) {
  try {
    settleOnce(env);
  } catch (const Napi::Error&) {
    // A worker that is being terminated runs no more JavaScript, so nothing waits for the promise.
  }
}

void PromisedJob::settleOnce(Napi::Env env) {
  const Status& status = job_.status();
  try {
    if (status.ok()) {
      deferred_.Resolve(toValue_(env));
    } else {
      deferred_.Reject(toError(env, status).Value());
    }
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  } catch (const std::bad_alloc&) {
    deferred_.Reject(toError(env, Status::failure(Error::kENOMEM, "malloc")).Value());
  }
}

}  // namespace tensorbundle
