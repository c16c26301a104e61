// The addon for tests: the same contract, on operations that can be made to fail, and four functions that set faults
// and watch the operations (`FaultBinding` in test/native/fault-binding.ts).
#include <napi.h>

#include <memory>
#include <utility>

#include "engine/error.h"
#include "faults/fault_operations.h"
#include "node/exports.h"
#include "node/js_arguments.h"

namespace tensorbundle {
namespace {

Fault toFault(Napi::Object object) {
  Fault fault;
  fault.at = integerArgument(object.Get("at"), "at");
  if (!object.Get("syscall").IsUndefined()) fault.syscall = stringArgument(object.Get("syscall"), "syscall");
  if (!object.Get("path").IsUndefined()) fault.path = stringArgument(object.Get("path"), "path");
  if (!object.Get("notPath").IsUndefined()) fault.notPath = stringArgument(object.Get("notPath"), "notPath");
  fault.sticky = object.Get("sticky").ToBoolean();
  const std::string action = stringArgument(object.Get("action"), "action");
  if (action == "kill") fault.action = Fault::Action::kKill;
  if (action == "short") fault.action = Fault::Action::kShort;
  if (action == "hold") fault.action = Fault::Action::kHold;
  if (action == "error") {
    fault.error =
        object.Get("errno").IsUndefined() ? Error::kEIO : errorNamed(stringArgument(object.Get("errno"), "errno"));
    if (fault.error == Error::kNone) throw Napi::RangeError::New(object.Env(), "unknown errno name");
  }
  return fault;
}

Napi::Object toObject(Napi::Env env, const Operation& operation) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("syscall", operation.syscall);
  if (!operation.path.empty()) object.Set("path", operation.path);
  if (operation.offset >= 0) object.Set("offset", static_cast<double>(operation.offset));
  if (operation.length >= 0) object.Set("length", static_cast<double>(operation.length));
  object.Set("result", static_cast<double>(operation.result));
  object.Set("errno", static_cast<int>(operation.error));
  return object;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  const auto table = std::make_shared<FaultOperations>();
  exportBinding(env, exports, table);
  exports.Set("setFaults", Napi::Function::New(env, [table](const Napi::CallbackInfo& info) {
                std::vector<Fault> faults;
                if (info[0].IsArray()) {
                  const auto array = info[0].As<Napi::Array>();
                  for (std::uint32_t i = 0; i < array.Length(); ++i) faults.push_back(toFault(array.Get(i).ToObject()));
                }
                table->setFaults(std::move(faults));
              }));
  exports.Set("operations", Napi::Function::New(env, [table](const Napi::CallbackInfo& info) -> Napi::Value {
                const std::vector<Operation> log = table->operations();
                const Napi::Array array = Napi::Array::New(info.Env(), log.size());
                for (std::uint32_t i = 0; i < log.size(); ++i) {
                  const Napi::HandleScope scope(info.Env());
                  array.Set(i, toObject(info.Env(), log[i]));
                }
                return array;
              }));
  exports.Set("openDescriptors", Napi::Function::New(env, [table](const Napi::CallbackInfo& info) -> Napi::Value {
                return Napi::Number::New(info.Env(), static_cast<double>(table->openDescriptors()));
              }));
  exports.Set("mappings", Napi::Function::New(env, [table](const Napi::CallbackInfo& info) -> Napi::Value {
                return Napi::Number::New(info.Env(), static_cast<double>(table->mappings()));
              }));
  return exports;
}

}  // namespace
}  // namespace tensorbundle

using tensorbundle::initialize;
NODE_API_MODULE(NODE_GYP_MODULE_NAME, initialize)
