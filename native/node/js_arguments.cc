#include "node/js_arguments.h"

#include <cmath>

#include "engine/status.h"
#include "node/js_error.h"

namespace tensorbundle {
namespace {

Napi::Error wrongType(Napi::Env env, const char* what, const char* wanted) {
  return Napi::TypeError::New(env, std::string(what) + " must be " + wanted);
}

void check(Napi::Env env, napi_status status) {
  if (status != napi_ok) throw Napi::Error::New(env);
}

}  // namespace

std::uint64_t toInteger(Napi::Env env, double value, const char* what, double max) {
  // The condition is false for NaN.
  if (value >= 0 && value <= max && std::floor(value) == value) return static_cast<std::uint64_t>(value);
  throw toError(env, Status::failure(Error::kEINVAL, what));
}

std::uint64_t integerArgument(Napi::Value value, const char* what, double max) {
  if (!value.IsNumber()) throw wrongType(value.Env(), what, "a number");
  return toInteger(value.Env(), value.As<Napi::Number>().DoubleValue(), what, max);
}

std::string stringArgument(Napi::Value value, const char* what) {
  if (!value.IsString()) throw wrongType(value.Env(), what, "a string");
  return value.As<Napi::String>().Utf8Value();
}

int permissionsArgument(Napi::Value value) {
  if (value.IsUndefined()) return -1;
  return static_cast<int>(integerArgument(value, "permissions", 07777));
}

Bytes viewArgument(Napi::Value value, const char* what) {
  napi_env env = value.Env();
  // In spite of their names, this call and napi_get_buffer_info accept every ArrayBufferView: typed arrays of all
  // element types and DataViews, on shared memory or not.
  bool isView = false;
  check(env, napi_is_buffer(env, value, &isView));
  if (!isView) throw wrongType(env, what, "a typed array or a DataView");
  void* data = nullptr;
  std::size_t size = 0;
  check(env, napi_get_buffer_info(env, value, &data, &size));
  return {static_cast<const std::uint8_t*>(data), size};
}

std::vector<Bytes> viewsArgument(Napi::Value value, const char* what, Napi::Value* pinned) {
  const Napi::Env env = value.Env();
  if (!value.IsArray()) throw wrongType(env, what, "an array of typed arrays or DataViews");
  const auto views = value.As<Napi::Array>();
  const std::uint32_t count = views.Length();
  const Napi::Array copy = Napi::Array::New(env, count);
  std::vector<Bytes> bytes;
  bytes.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Napi::HandleScope scope(env);
    const Napi::Value view = views.Get(i);
    bytes.push_back(viewArgument(view, what));
    copy.Set(i, view);
  }
  *pinned = copy;
  return bytes;
}

}  // namespace tensorbundle
