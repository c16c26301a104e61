#include "node/js_error.h"

#include <string>

namespace tensorbundle {

Napi::Error toError(Napi::Env env, const Status& status) {
  std::string message = std::string(status.code) + ": " + status.syscall;
  if (!status.path.empty()) message += " '" + status.path + "'";
  if (status.offset >= 0) message += " at byte " + std::to_string(status.offset);
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, status.code));
  error.Set("errno", Napi::Number::New(env, static_cast<int>(status.error)));
  error.Set("syscall", Napi::String::New(env, status.syscall));
  if (!status.path.empty()) error.Set("path", Napi::String::New(env, status.path));
  if (status.offset >= 0) error.Set("offset", Napi::Number::New(env, static_cast<double>(status.offset)));
  return error;
}

}  // namespace tensorbundle
