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

std::vector<std::uint64_t> lengthsArgument(Napi::Value value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    throw Napi::TypeError::New(value.Env(), "lengths must be a Float64Array");
  }
  const auto array = value.As<Napi::Float64Array>();
  std::vector<std::uint64_t> lengths(array.ElementLength());
  const double* data = array.Data();
  for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] = toInteger(value.Env(), data[i], "lengths");
  return lengths;
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
  const ShardHandle& shard = unwrapHandle<ShardHandle>(info[0]);
  const auto writer = shard.writer;
  Napi::Value views;
  auto bytes = std::make_shared<const std::vector<Bytes>>(viewsArgument(info[1], "views", &views));
  auto lengths = std::make_shared<const std::vector<std::uint64_t>>(lengthsArgument(info[2]));
  auto crcs = std::make_shared<std::vector<std::uint32_t>>();
  const auto engine = Environment::of(info.Env()).engine();
  Work work;
  work.part = [=](const StopToken& stop) { return writer->append(*bytes, *lengths, engine->crc32c, stop, crcs.get()); };
  work.result = [crcs](Napi::Env env) -> Napi::Value {
    Napi::Uint32Array result = Napi::Uint32Array::New(env, crcs->size());
    if (!crcs->empty()) std::memcpy(result.Data(), crcs->data(), crcs->size() * sizeof(std::uint32_t));
    return result;
  };
  return Environment::of(info.Env()).run(info.Env(), std::move(work), views, shard.calls.get());
}

Napi::Value finishShardJs(const Napi::CallbackInfo& info) {
  const ShardHandle& shard = unwrapHandle<ShardHandle>(info[0]);
  const auto writer = shard.writer;
  const bool durable = info[1].ToBoolean();
  Work work;
  work.part = [writer, durable](const StopToken&) { return writer->finish(durable); };
  return Environment::of(info.Env()).run(info.Env(), std::move(work), {}, shard.calls.get());
}

Napi::Value closeShardJs(const Napi::CallbackInfo& info) {
  const ShardHandle& shard = unwrapHandle<ShardHandle>(info[0]);
  const auto writer = shard.writer;
  Work work;
  work.part = [writer](const StopToken&) { return writer->close(); };
  return Environment::of(info.Env()).run(info.Env(), std::move(work), {}, shard.calls.get());
}

}  // namespace

void exportShards(Napi::Env, Napi::Object exports) {
  add<promising<createShardJs>>(exports, "createShard");
  add<promising<appendShardJs>>(exports, "appendShard");
  add<promising<finishShardJs>>(exports, "finishShard");
  add<promising<closeShardJs>>(exports, "closeShard");
}

}  // namespace tensorbundle
