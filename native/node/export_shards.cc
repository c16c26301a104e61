// Exports: writing shards.
#include <utility>

#include "engine/shard_writer.h"
#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"
#include "node/js_handle.h"
#include "node/js_values.h"
#include "node/run.h"

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

// Bytes from which on it is better to prepare more meanwhile than to wait for their write.
constexpr std::size_t kLongBytes = std::size_t{256} << 10;

// The calls of a shard run in the order in which they are made.
RunOptions afterEarlierCalls(const ShardHandle& shard) {
  RunOptions options;
  options.strand = shard.calls.get();
  return options;
}

Call createShardJs(const Arguments& info) {
  const std::string name = stringArgument(info[1], "name");
  ShardWriter::Options options;
  options.bytes = integerArgument(info[2], "bytes");
  options.permissions = permissionsArgument(info[3]);
  if (!info[4].IsUndefined()) options.writeBehind = info[4].ToBoolean();
  using Output = std::unique_ptr<ShardWriter>;
  const auto part = [=](const Descriptor& directory, Output* writer) {
    return ShardWriter::create(directory, name, options, writer);
  };
  return callOn<Output>(info.handle(), part,
                        [](Napi::Env env, Output& writer) { return wrapHandle(env, ShardHandle{std::move(writer)}); });
}

Napi::Value appendShardJs(const Napi::CallbackInfo& info) {
  const ShardHandle& shard = unwrapHandle<ShardHandle>(info[0]);
  const auto writer = shard.writer;
  RunOptions options = afterEarlierCalls(shard);
  const auto bytes = std::make_shared<const std::vector<Bytes>>(viewsArgument(info[1], "views", &options.pinned));
  std::size_t size = 0;
  for (const Bytes& view : *bytes) size += view.size;
  options.isLong = size >= kLongBytes;
  if (info[2].IsUndefined()) {
    return run(info.Env(), [=](const StopToken& stop) { return writer->append(*bytes, stop); }, std::move(options));
  }
  const auto lengths = std::make_shared<const std::vector<std::uint64_t>>(lengthsArgument(info[2]));
  const auto engine = Environment::of(info.Env()).engine();
  using Output = std::vector<std::uint32_t>;
  const auto part = [=](const StopToken& stop, Output* crcs) {
    return writer->append(*bytes, *lengths, engine->crc32c, stop, crcs);
  };
  return run<Output>(info.Env(), part, toUint32Array, std::move(options));
}

Napi::Value finishShardJs(const Napi::CallbackInfo& info) {
  const ShardHandle& shard = unwrapHandle<ShardHandle>(info[0]);
  const bool durable = info[1].ToBoolean();
  const auto part = [writer = shard.writer, durable](const StopToken&) { return writer->finish(durable); };
  RunOptions options = afterEarlierCalls(shard);
  options.isLong = durable;
  return run(info.Env(), part, std::move(options));
}

Napi::Value closeShardJs(const Napi::CallbackInfo& info) {
  const ShardHandle& shard = unwrapHandle<ShardHandle>(info[0]);
  const auto part = [writer = shard.writer](const StopToken&) { return writer->close(); };
  return run(info.Env(), part, afterEarlierCalls(shard));
}

}  // namespace

void exportShards(Napi::Env, Napi::Object exports) {
  addCall<createShardJs>(exports, "createShard");
  add<promising<appendShardJs>>(exports, "appendShard");
  add<promising<finishShardJs>>(exports, "finishShard");
  add<promising<closeShardJs>>(exports, "closeShard");
}

}  // namespace tensorbundle
