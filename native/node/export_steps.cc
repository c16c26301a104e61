// Export: a list of calls as one job. Each step is the same call as the function of its name, and is made in order.
#include <string>
#include <utility>
#include <vector>

#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"
#include "node/run.h"

namespace tensorbundle {
namespace {

struct Step {
  Call call;
  // Codes of errors after which the list goes on. "*" stands for every code.
  std::vector<std::string> allowed;
  Status status;
  bool skipped = false;

  bool allows(const Status& failure) const {
    for (const std::string& code : allowed) {
      if (code == "*" || code == failure.code) return true;
    }
    return false;
  }
};

struct Steps {
  std::vector<Step> list;
  // Steps that were made, were left out, or failed with an allowed error.
  std::size_t done = 0;
  // What ended the list early.
  Status failure;

  void run(const StopToken& stop) {
    for (Step& step : list) {
      if (stop.requested()) failure = Status::canceled();
      if (!failure.ok()) return;
      step.skipped = step.call.needs && !step.call.needs->descriptor;
      if (!step.skipped) step.status = guarded([&] { return step.call.part(stop); });
      // What the step holds is released now, so that a later step can close a descriptor as its last owner.
      step.call.part = nullptr;
      step.call.needs = nullptr;
      if (!step.status.ok() && !step.allows(step.status)) {
        failure = step.status;
        return;
      }
      ++done;
      if (!step.skipped && step.status.ok() && step.call.ends && step.call.ends()) return;
    }
  }

  Napi::Value toValue(Napi::Env env) const {
    const Napi::Array results = Napi::Array::New(env, done);
    for (std::uint32_t i = 0; i < done; ++i) {
      const Napi::HandleScope scope(env);
      const Step& step = list[i];
      if (step.skipped)
        results.Set(i, env.Null());
      else
        results.Set(i, step.status.ok() ? step.call.toValue(env) : toError(env, step.status).Value());
    }
    const Napi::Object outcome = Napi::Object::New(env);
    outcome.Set("results", results);
    outcome.Set("error", failure.ok() ? env.Null() : toError(env, failure).Value());
    return outcome;
  }
};

MakeCall makerOf(Napi::Env env, const std::string& name) {
  const auto& calls = Environment::of(env).calls;
  const auto found = calls.find(name);
  if (found == calls.end()) throw toError(env, Status::failure(Error::kEINVAL, "step"));
  return found->second;
}

Napi::Value stepsJs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray()) throw Napi::TypeError::New(env, "steps must be an array");
  const auto given = info[0].As<Napi::Array>();
  const std::uint32_t count = given.Length();
  const Napi::Array pinned = Napi::Array::New(env);
  RunOptions options;
  std::vector<Call> calls;
  const auto steps = std::make_shared<Steps>();
  for (std::uint32_t i = 0; i < count; ++i) {
    const Napi::Value entry = given.Get(i);
    if (!entry.IsArray()) throw Napi::TypeError::New(env, "a step must be an array");
    const auto parts = entry.As<Napi::Array>();
    const Napi::Value arguments = parts.Get(1u);
    if (!arguments.IsArray()) throw Napi::TypeError::New(env, "the arguments of a step must be an array");
    const MakeCall make = makerOf(env, stringArgument(parts.Get(0u), "step"));
    calls.push_back(make(Arguments(arguments.As<Napi::Array>(), calls)));
    options.isLong = options.isLong || calls.back().isLong;
    if (!calls.back().pinned.IsEmpty()) pinned.Set(pinned.Length(), calls.back().pinned);
    Step step;
    const Napi::Value allowed = parts.Get(2u);
    if (allowed.IsArray()) {
      const auto codes = allowed.As<Napi::Array>();
      for (std::uint32_t at = 0; at < codes.Length(); ++at) {
        step.allowed.push_back(stringArgument(codes.Get(at), "allowed"));
      }
    }
    steps->list.push_back(std::move(step));
  }
  // Only now, because each step refers to the ones before it.
  for (std::uint32_t i = 0; i < count; ++i) {
    // It belongs to this turn of the event loop; the job has its own reference to all of them.
    calls[i].pinned = Napi::Value();
    steps->list[i].call = std::move(calls[i]);
  }
  options.pinned = pinned;
  const auto work = [steps](const StopToken& stop) {
    steps->run(stop);
    return Status{};
  };
  Call made = call(work, std::move(options));
  made.toValue = [steps](Napi::Env valueEnv) { return steps->toValue(valueEnv); };
  return start(env, std::move(made));
}

}  // namespace

void exportSteps(Napi::Env, Napi::Object exports) { add<promising<stepsJs>>(exports, "steps"); }

}  // namespace tensorbundle
