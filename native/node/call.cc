#include "node/call.h"

#include "node/js_arguments.h"
#include "node/js_error.h"
#include "node/js_handle.h"

namespace tensorbundle {

std::shared_ptr<Opened> Arguments::ofStep() const {
  const Napi::Value first = (*this)[0];
  if (earlier_ == nullptr || !first.IsNumber()) return nullptr;
  const auto step = static_cast<std::size_t>(integerArgument(first, "step"));
  if (step < earlier_->size() && (*earlier_)[step].opens) return (*earlier_)[step].opens;
  throw toError(env_, Status::failure(Error::kEINVAL, "step"));
}

std::shared_ptr<Opened> Arguments::handle() const {
  if (auto opened = ofStep()) return opened;
  return std::make_shared<Opened>(Opened{openDescriptor((*this)[0])});
}

std::shared_ptr<Opened> Arguments::closing() const {
  if (auto opened = ofStep()) return opened;
  return std::make_shared<Opened>(Opened{std::exchange(unwrapHandle<FileHandle>((*this)[0]).descriptor, nullptr)});
}

Call callThatOpens(std::function<Status(std::shared_ptr<Descriptor>*)> open) {
  const auto opened = std::make_shared<Opened>();
  Call made;
  made.part = [opened, open = std::move(open)](const StopToken&) { return open(&opened->descriptor); };
  made.toValue = [opened](Napi::Env env) -> Napi::Value {
    if (!opened->descriptor) return env.Null();
    return wrapHandle(env, FileHandle{std::move(opened->descriptor)});
  };
  made.opens = opened;
  return made;
}

}  // namespace tensorbundle
