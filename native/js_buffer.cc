#include "js_buffer.h"

#include <limits>

namespace tensorbundle {

std::size_t maxExternalBuffer(napi_env env) {
  const napi_node_version* version = nullptr;
  if (napi_get_node_version(env, &version) != napi_ok || version->major < 22) return std::size_t{1} << 32;
  return std::numeric_limits<std::size_t>::max();
}

}  // namespace tensorbundle
