#include "js_handle.h"

#include <cerrno>

#include "js_error.h"

namespace tensorbundle {

std::shared_ptr<Descriptor> openDescriptor(Napi::Value value) {
  const FileHandle& handle = unwrapHandle<FileHandle>(value);
  if (!handle.descriptor) throw toError(value.Env(), Status::failure(EBADF, "handle"));
  return handle.descriptor;
}

}  // namespace tensorbundle
