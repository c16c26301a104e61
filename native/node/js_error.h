// The only place where a Status becomes a JavaScript error (`NativeError` in src/errors.ts).
#pragma once

#include <napi.h>

#include "engine/status.h"

namespace tensorbundle {

Napi::Error toError(Napi::Env env, const Status& status);

}  // namespace tensorbundle
