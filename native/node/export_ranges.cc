// Exports: reading and checksumming ranges of files.
#include <algorithm>
#include <utility>

#include "engine/range_reader.h"
#include "node/environment.h"
#include "node/exports.h"
#include "node/js_arguments.h"
#include "node/js_handle.h"
#include "node/js_values.h"
#include "node/run.h"

namespace tensorbundle {
namespace {

std::vector<std::shared_ptr<Descriptor>> filesArgument(Napi::Value value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "files must be an array of handles");
  const auto array = value.As<Napi::Array>();
  std::vector<std::shared_ptr<Descriptor>> files;
  for (std::uint32_t i = 0; i < array.Length(); ++i) files.push_back(openDescriptor(array.Get(i)));
  return files;
}

template <typename Array>
Array arrayArgument(Napi::Value value, napi_typedarray_type type, const char* what) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(value.Env(), std::string(what) + " must be a typed array of the right element type");
  }
  return value.As<Array>();
}

// The files and offsets of the ranges. The caller fills in the lengths.
std::vector<Range> placesArgument(const Napi::CallbackInfo& info, std::size_t files, std::size_t count) {
  const auto fileOf = arrayArgument<Napi::Uint32Array>(info[1], napi_uint32_array, "fileOf");
  const auto offsets = arrayArgument<Napi::Float64Array>(info[2], napi_float64_array, "offsets");
  if (fileOf.ElementLength() != count || offsets.ElementLength() != count) {
    throw toError(info.Env(), Status::failure(Error::kEINVAL, "ranges"));
  }
  std::vector<Range> ranges(count);
  const std::uint32_t* file = fileOf.Data();
  const double* offset = offsets.Data();
  for (std::size_t i = 0; i < count; ++i) {
    if (file[i] >= files) throw toError(info.Env(), Status::failure(Error::kEINVAL, "fileOf"));
    ranges[i].file = file[i];
    ranges[i].offset = toInteger(info.Env(), offset[i], "offsets");
  }
  return ranges;
}

Napi::Value read(Napi::Env env, std::vector<std::shared_ptr<Descriptor>> files, std::vector<Range> ranges,
                 Napi::Value pinned) {
  const auto engine = Environment::of(env).engine();
  const auto reader = std::make_shared<RangeReader>(std::move(files), std::move(ranges), engine->crc32c);
  RunOptions options;
  options.plan = [reader](std::size_t threads, std::size_t* parts) { return reader->plan(threads, parts); };
  options.pinned = pinned;
  // Also where it is short: what is read reaches its caller in a turn of the event loop of its own. So no other caller
  // can move a shared mapping away between the last look at it and then.
  options.isLong = true;
  // The engine is captured, since the reader refers to its checksum kernel.
  struct Output {};
  return run<Output>(
      env, [reader, engine](const StopToken& stop, Output*) { return reader->work(stop); },
      [reader](Napi::Env valueEnv, const Output&) { return toUint32Array(valueEnv, reader->checksums()); },
      std::move(options));
}

Napi::Value checksumRangesJs(const Napi::CallbackInfo& info) {
  auto files = filesArgument(info[0]);
  const auto lengths = arrayArgument<Napi::Float64Array>(info[3], napi_float64_array, "lengths");
  std::vector<Range> ranges = placesArgument(info, files.size(), lengths.ElementLength());
  const double* length = lengths.Data();
  for (std::size_t i = 0; i < ranges.size(); ++i) ranges[i].length = toInteger(info.Env(), length[i], "lengths");
  return read(info.Env(), std::move(files), std::move(ranges), {});
}

// The ranges go to one block of memory, each to the next multiple of 8 bytes. So no view is made per range.
Napi::Value readPacked(const Napi::CallbackInfo& info) {
  auto files = filesArgument(info[0]);
  const auto lengths = arrayArgument<Napi::Float64Array>(info[4], napi_float64_array, "lengths");
  auto into = arrayArgument<Napi::Uint8Array>(info[3], napi_uint8_array, "into");
  std::vector<Range> ranges = placesArgument(info, files.size(), lengths.ElementLength());
  const double* length = lengths.Data();
  const std::uint64_t size = into.ByteLength();
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    ranges[i].length = toInteger(info.Env(), length[i], "lengths");
    if (ranges[i].length > size - at) throw toError(info.Env(), Status::failure(Error::kEINVAL, "into"));
    ranges[i].into = into.Data() + at;
    at = std::min(size, (at + ranges[i].length + 7) / 8 * 8);
  }
  return read(info.Env(), std::move(files), std::move(ranges), into);
}

Napi::Value readRangesJs(const Napi::CallbackInfo& info) {
  if (info[3].IsTypedArray()) return readPacked(info);
  auto files = filesArgument(info[0]);
  Napi::Value pinned;
  const std::vector<Bytes> into = viewsArgument(info[3], "into", &pinned);
  std::vector<Range> ranges = placesArgument(info, files.size(), into.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    ranges[i].length = into[i].size;
    ranges[i].into = const_cast<std::uint8_t*>(into[i].data);
  }
  return read(info.Env(), std::move(files), std::move(ranges), pinned);
}

}  // namespace

void exportRanges(Napi::Env, Napi::Object exports) {
  add<promising<checksumRangesJs>>(exports, "checksumRanges");
  add<promising<readRangesJs>>(exports, "readRanges");
}

}  // namespace tensorbundle
