// C++ objects behind JavaScript objects. A type tag tells them apart, so that a wrong object is a TypeError.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "engine/descriptor.h"
#include "engine/shard_writer.h"
#include "engine/strand.h"

namespace tensorbundle {

// Behind a `Handle`. `descriptor` is null after a close. Jobs that use the descriptor have their own reference to it.
struct FileHandle {
  static constexpr const char* kName = "a handle";
  static constexpr napi_type_tag kTag{0x5d1c7c3fb1a94f0e, 0x9b6fe0a3c2d84716};
  std::shared_ptr<Descriptor> descriptor;
};

// Behind a `Shard`.
struct ShardHandle {
  static constexpr const char* kName = "a shard";
  static constexpr napi_type_tag kTag{0x2f8e4b6d90c7415a, 0x83d5f1b7e64a2c90};
  std::shared_ptr<ShardWriter> writer;
  // Runs the shard's calls in the order in which they were made.
  std::shared_ptr<Strand> calls = std::make_shared<Strand>();
};

template <typename Wrapped>
Napi::Object wrapHandle(Napi::Env env, Wrapped wrapped) {
  const Napi::Object object = Napi::Object::New(env);
  auto owned = std::make_unique<Wrapped>(std::move(wrapped));
  // The finalizer only closes what is still open. It must not use JavaScript.
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Wrapped*>(data); };
  if (napi_wrap(env, object, owned.get(), finalize, nullptr, nullptr) != napi_ok) throw Napi::Error::New(env);
  owned.release();
  if (napi_type_tag_object(env, object, &Wrapped::kTag) != napi_ok) throw Napi::Error::New(env);
  return object;
}

template <typename Wrapped>
Wrapped& unwrapHandle(Napi::Value value) {
  napi_env env = value.Env();
  bool matches = false;
  if (value.IsObject() && napi_check_object_type_tag(env, value, &Wrapped::kTag, &matches) != napi_ok) {
    throw Napi::Error::New(env);
  }
  void* data = nullptr;
  if (!matches || napi_unwrap(env, value, &data) != napi_ok) {
    throw Napi::TypeError::New(env, std::string("expected ") + Wrapped::kName);
  }
  return *static_cast<Wrapped*>(data);
}

// The descriptor of an open handle. Throws EBADF if the handle is closed.
std::shared_ptr<Descriptor> openDescriptor(Napi::Value value);

}  // namespace tensorbundle
