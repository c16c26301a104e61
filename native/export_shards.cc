// Exports: shards that are being written.
#include <cstring>
#include <utility>

#include "environment.h"
#include "exports.h"
#include "js_arguments.h"
#include "js_handle.h"
#include "shard_writer.h"

namespace tensorbundle {
namespace {

// Marks the shard busy until the job is settled; a second call meanwhile is EBUSY, since the order of two appends that
// run at once would be open.
Napi::Promise runExclusively(Napi::Env env, Napi::Value shard, Work work, const Napi::Array& pinned) {
  ShardHandle* handle = &unwrapHandle<ShardHandle>(shard);
  if (handle->busy) throw toError(env, Status::failure(EBUSY, "shard"));
  // The shard object itself is pinned too, so the pointer stays good.
  pinned.Set(std::uint32_t{0}, shard);
  handle->busy = true;
  work.always = [handle] { handle->busy = false; };
  return Environment::of(env).run(env, std::move(work), pinned);
}

Napi::Value createShardJs(const Napi::CallbackInfo& info) {
  const auto directory = openDescriptor(info[0]);
  const std::string name = stringArgument(info[1], "name");
  ShardWriter::Options options;
  options.bytes = integerArgument(info[2], "bytes");
  options.permissions = permissionsArgument(info[3]);
  if (!info[4].IsUndefined()) options.writeBehind = info[4].ToBoolean();
  auto writer = std::make_shared<std::unique_ptr<ShardWriter>>();
  Work work;
  work.part = [=](const StopToken&) { return ShardWriter::create(*directory, name, options, writer.get()); };
  work.result = [writer](Napi::Env env) -> Napi::Value { return wrapHandle(env, ShardHandle{std::move(*writer)}); };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

Napi::Value appendShardJs(const Napi::CallbackInfo& info) {
  const auto writer = unwrapHandle<ShardHandle>(info[0]).writer;
  Napi::Value views;
  auto bytes = std::make_shared<const std::vector<Bytes>>(viewsArgument(info[1], "views", &views));
  auto crcs = std::make_shared<std::vector<std::uint32_t>>();
  const auto engine = Environment::of(info.Env()).engine();
  Work work;
  work.part = [=](const StopToken& stop) { return writer->append(*bytes, engine->crc32c, stop, crcs.get()); };
  work.result = [crcs](Napi::Env env) -> Napi::Value {
    Napi::Uint32Array result = Napi::Uint32Array::New(env, crcs->size());
    if (!crcs->empty()) std::memcpy(result.Data(), crcs->data(), crcs->size() * sizeof(std::uint32_t));
    return result;
  };
  const Napi::Array pinned = Napi::Array::New(info.Env(), 2);
  pinned.Set(std::uint32_t{1}, views);
  return runExclusively(info.Env(), info[0], std::move(work), pinned);
}

Napi::Value finishShardJs(const Napi::CallbackInfo& info) {
  const auto writer = unwrapHandle<ShardHandle>(info[0]).writer;
  const bool durable = info[1].ToBoolean();
  Work work;
  work.part = [writer, durable](const StopToken&) { return writer->finish(durable); };
  return runExclusively(info.Env(), info[0], std::move(work), Napi::Array::New(info.Env(), 1));
}

Napi::Value closeShardJs(const Napi::CallbackInfo& info) {
  const auto writer = unwrapHandle<ShardHandle>(info[0]).writer;
  Work work;
  work.part = [writer](const StopToken&) { return writer->close(); };
  return Environment::of(info.Env()).run(info.Env(), std::move(work));
}

}  // namespace

void exportShards(Napi::Env, Napi::Object exports) {
  add<promising<createShardJs>>(exports, "createShard");
  add<promising<appendShardJs>>(exports, "appendShard");
  add<promising<finishShardJs>>(exports, "finishShard");
  add<promising<closeShardJs>>(exports, "closeShard");
}

}  // namespace tensorbundle
