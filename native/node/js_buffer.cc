#include "node/js_buffer.h"

#include <cstdint>
#include <limits>

namespace tensorbundle {
namespace {

std::uint32_t majorVersion(napi_env env) {
  const napi_node_version* version = nullptr;
  return napi_get_node_version(env, &version) == napi_ok ? version->major : 0;
}

// False if the environment is ending: then JavaScript may not run any more.
bool runsJavaScript(napi_env env) {
  napi_value value = nullptr;
  return napi_get_undefined(env, &value) == napi_ok && napi_coerce_to_bool(env, value, &value) == napi_ok;
}

}  // namespace

std::size_t maxExternalBuffer(napi_env env) {
  return majorVersion(env) < 22 ? std::size_t{1} << 32 : std::numeric_limits<std::size_t>::max();
}

bool isGarbage(napi_env env) { return majorVersion(env) == 20 || runsJavaScript(env); }

}  // namespace tensorbundle
