// One call of the JavaScript contract, ready to run: its arguments are checked, and nothing has been done yet. It runs
// as a job of its own (run.h), or as a step of a list (export_steps.cc).
#pragma once

#include <napi.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/descriptor.h"
#include "engine/status.h"
#include "engine/stop_token.h"
#include "engine/strand.h"

namespace tensorbundle {

// The place of an open descriptor. It is empty until a step of the same list has opened it, and after a close.
struct Opened {
  std::shared_ptr<Descriptor> descriptor;
};

struct Call {
  // As in Work.
  std::function<Status(std::size_t threads, std::size_t* parts)> plan;
  std::function<Status(const StopToken&)> part;
  // Makes the result on the JavaScript thread, after the call has succeeded.
  std::function<Napi::Value(Napi::Env)> toValue;
  // Kept alive until the call has ended, unless empty.
  Napi::Value pinned;
  // Calls of one strand run one after another, in the order in which they were started.
  Strand* strand = nullptr;
  // What it works on. A step whose place is empty is left out: the file was not there.
  std::shared_ptr<Opened> needs;
  // Where it puts what it opens, for later steps.
  std::shared_ptr<Opened> opens;
  // Asked after a success: true ends a list of steps here. May be empty.
  std::function<bool()> ends;
  // It waits for the disk, moves many bytes, or has to end in a later turn of the event loop. Then the JavaScript
  // thread does not wait for it at all.
  bool isLong = false;
};

// What JavaScript passed: the arguments of a function, or of one step.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(&info), env_(info.Env()) {}
  // `earlier` are the steps before this one. It must outlive this object.
  Arguments(Napi::Array values, const std::vector<Call>& earlier)
      : values_(values), earlier_(&earlier), env_(values.Env()) {}

  Napi::Env Env() const { return env_; }
  Napi::Value operator[](std::uint32_t i) const { return info_ != nullptr ? (*info_)[i] : values_.Get(i); }

  // The first argument: an open handle, or the number of the earlier step that opens it. Throws EBADF for a closed one.
  std::shared_ptr<Opened> handle() const;
  // The same, to close it. A handle is closed for JavaScript from now on; it may be closed already.
  std::shared_ptr<Opened> closing() const;

 private:
  // Null unless the first argument is a number.
  std::shared_ptr<Opened> ofStep() const;

  const Napi::CallbackInfo* info_ = nullptr;
  Napi::Array values_;
  const std::vector<Call>* earlier_ = nullptr;
  Napi::Env env_;
};

using MakeCall = Call (*)(const Arguments&);

// Optional parts of a call; see there.
struct RunOptions {
  std::function<Status(std::size_t threads, std::size_t* parts)> plan;
  Napi::Value pinned;
  Strand* strand = nullptr;
  bool isLong = false;
};

// `part(stop, output)` runs on the pool and stores its result in `*output`. Then `toValue(env, *output)` makes the
// value from it on the JavaScript thread.
template <typename Output, typename Part, typename ToValue>
Call call(Part part, ToValue toValue, RunOptions options = {}) {
  const auto output = std::make_shared<Output>();
  Call made;
  made.plan = std::move(options.plan);
  made.part = [output, part = std::move(part)](const StopToken& stop) { return part(stop, output.get()); };
  made.toValue = [output, toValue = std::move(toValue)](Napi::Env env) -> Napi::Value { return toValue(env, *output); };
  made.pinned = options.pinned;
  made.strand = options.strand;
  made.isLong = options.isLong;
  return made;
}

// For a `part(stop)` without a result: the value is undefined.
template <typename Part>
Call call(Part part, RunOptions options = {}) {
  struct Nothing {};
  return call<Nothing>([part = std::move(part)](const StopToken& stop, Nothing*) { return part(stop); },
                       [](Napi::Env env, const Nothing&) { return env.Undefined(); }, std::move(options));
}

// `part(descriptor, output)` on an open handle.
template <typename Output, typename Part, typename ToValue>
Call callOn(const std::shared_ptr<Opened>& handle, Part part, ToValue toValue) {
  Call made = call<Output>(
      [handle, part = std::move(part)](const StopToken&, Output* output) { return part(*handle->descriptor, output); },
      std::move(toValue));
  made.needs = handle;
  return made;
}

// `part(descriptor)` on an open handle, without a result.
template <typename Part>
Call callOn(const std::shared_ptr<Opened>& handle, Part part, Napi::Value pinned = {}) {
  RunOptions options;
  options.pinned = pinned;
  Call made = call([handle, part = std::move(part)](const StopToken&) { return part(*handle->descriptor); },
                   std::move(options));
  made.needs = handle;
  return made;
}

// `open(&descriptor)` opens something, or leaves the pointer null: then the value is null.
Call callThatOpens(std::function<Status(std::shared_ptr<Descriptor>*)> open);

}  // namespace tensorbundle
