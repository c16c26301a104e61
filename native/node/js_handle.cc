#include "node/js_handle.h"

#include "node/js_error.h"

namespace tensorbundle {

std::shared_ptr<Descriptor> openDescriptor(Napi::Value value) {
  const FileHandle& handle = unwrapHandle<FileHandle>(value);
  if (!handle.descriptor) throw toError(value.Env(), Status::failure(Error::kEBADF, "handle"));
  return handle.descriptor;
}

}  // namespace tensorbundle
