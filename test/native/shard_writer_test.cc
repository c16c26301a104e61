// The shard writer: contents, checksums, and every failure it can meet.
#include "engine/shard_writer.h"

#include <algorithm>

#include "check.h"
#include "temporary_directory.h"

namespace {

using namespace tensorbundle;
using Action = Fault::Action;

const Crc32c kCrc32c;
const StopToken kNoStop;

std::unique_ptr<ShardWriter> create(const check::TemporaryDirectory& place, std::uint64_t bytes) {
  std::unique_ptr<ShardWriter> shard;
  ShardWriter::Options options;
  options.bytes = bytes;
  CHECK_OK(ShardWriter::create(*place.directory, "shard", options, &shard));
  return shard;
}

std::vector<std::uint8_t> contents(const check::TemporaryDirectory& place) {
  std::shared_ptr<Descriptor> file;
  CHECK_OK(openFile(*place.directory, "shard", OpenMode::kRead, kDefaultPermissions, &file));
  Contents all;
  CHECK_OK(readAll(*file, std::uint64_t{1} << 30, &all));
  return {all.bytes.get(), all.bytes.get() + all.size};
}

// Each view is an item.
Status append(ShardWriter& shard, const std::vector<Bytes>& views, std::vector<std::uint32_t>* crcs,
              const StopToken& stop = kNoStop) {
  std::vector<std::uint64_t> lengths;
  for (const Bytes& view : views) lengths.push_back(view.size);
  return shard.append(views, lengths, kCrc32c, stop, crcs);
}

void writesWhatItChecksums() {
  check::TemporaryDirectory place;
  check::Random random(10);
  std::vector<std::vector<std::uint8_t>> pieces;
  std::vector<std::uint8_t> whole;
  for (int i = 0; i < 60; ++i) {
    pieces.push_back(random.bytes(random.below(i % 10 == 0 ? 900000 : 3000)));
    whole.insert(whole.end(), pieces.back().begin(), pieces.back().end());
  }
  // Writes that are interrupted and cut short all the time.
  place.inject("pwrite", 2, Action::kShort, Error::kNone, true);
  const auto shard = create(place, whole.size());
  for (std::size_t i = 0; i < pieces.size(); i += 20) {
    std::vector<Bytes> views;
    for (std::size_t j = i; j < i + 20; ++j) views.push_back({pieces[j].data(), pieces[j].size()});
    std::vector<std::uint32_t> crcs;
    CHECK_OK(append(*shard, views, &crcs));
    for (std::size_t j = 0; j < 20; ++j) CHECK(crcs[j] == kCrc32c.extend(0, views[j].data, views[j].size));
  }
  CHECK_OK(shard->finish(true));
  CHECK_OK(shard->close());
  CHECK(contents(place) == whole);
  CHECK(place.calls("fallocate") == 1 && place.calls("fdatasync") == 1);
}

// Items end where they like, within a view or over many; blocks that fill the chunk and such that need none.
void itemsNeedNotEndWhereViewsDo() {
  check::Random random(11);
  for (const std::size_t first : {std::size_t{0}, std::size_t{1}, ShardWriter::kChunk - 1, ShardWriter::kChunk}) {
    check::TemporaryDirectory place;
    std::vector<std::vector<std::uint8_t>> pieces = {random.bytes(first)};
    for (int i = 0; i < 6; ++i) pieces.push_back(random.bytes(random.below(4 * ShardWriter::kChunk)));
    pieces.push_back(random.bytes(2 * ShardWriter::kChunk));
    std::vector<std::uint8_t> whole;
    std::vector<Bytes> views;
    for (const auto& piece : pieces) {
      views.push_back({piece.data(), piece.size()});
      whole.insert(whole.end(), piece.begin(), piece.end());
    }
    std::vector<std::uint64_t> lengths = {0};
    for (std::size_t left = whole.size(); left > 0; left -= lengths.back()) {
      lengths.push_back(std::min(left, std::size_t{1} + random.below(700000)));
    }
    lengths.push_back(0);
    const auto shard = create(place, whole.size());
    std::vector<std::uint32_t> crcs;
    CHECK_OK(shard->append(views, lengths, kCrc32c, kNoStop, &crcs));
    CHECK(crcs.size() == lengths.size());
    std::size_t at = 0;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      CHECK(crcs[i] == kCrc32c.extend(0, whole.data() + at, lengths[i]));
      at += lengths[i];
    }
    // Every write but the last begins and ends at a block's border.
    CHECK_OK(shard->finish(false));
    CHECK(place.calls("pwrite") == (whole.size() + ShardWriter::kChunk - 1) / ShardWriter::kChunk);
    CHECK(contents(place) == whole);
  }
}

void itemsMustBeTheBytes() {
  check::TemporaryDirectory place;
  const std::uint8_t bytes[4] = {1, 2, 3, 4};
  const auto shard = create(place, 4);
  std::vector<std::uint32_t> crcs;
  const std::uint64_t huge = ~std::uint64_t{0};
  for (const std::vector<std::uint64_t>& lengths :
       std::vector<std::vector<std::uint64_t>>{{}, {3}, {5}, {4, 1}, {huge, 5}}) {
    CHECK_CODE(shard->append({{bytes, 4}}, lengths, kCrc32c, kNoStop, &crcs), "EINVAL");
  }
  CHECK_OK(append(*shard, {{bytes, 4}}, &crcs));
  CHECK_OK(shard->finish(false));
}

void sizeMustBeAsAnnounced() {
  const check::TemporaryDirectory place;
  const auto shard = create(place, 5);
  const std::uint8_t bytes[4] = {};
  std::vector<std::uint32_t> crcs;
  CHECK_OK(append(*shard, {{bytes, 4}}, &crcs));
  CHECK_CODE(shard->finish(false), "EINVAL");
}

void noSpaceLeavesNothing() {
  check::TemporaryDirectory place;
  place.inject("fallocate", 1, Action::kError, Error::kENOSPC);
  std::unique_ptr<ShardWriter> shard;
  ShardWriter::Options options;
  options.bytes = 100;
  CHECK_CODE(ShardWriter::create(*place.directory, "shard", options, &shard), "ENOSPC");
  std::vector<std::string> names;
  CHECK_OK(listNames(*place.directory, &names));
  CHECK(names.empty());
  CHECK(place.table->openDescriptors() == 1);
  // A file system that cannot reserve is no obstacle.
  place.inject("fallocate", 1, Action::kError, Error::kEOPNOTSUPP);
  CHECK_OK(ShardWriter::create(*place.directory, "shard", options, &shard));
}

// The first failure is the answer to everything after it, and the system call is not made again.
void failuresAreForEver() {
  for (const char* syscall : {"pwrite", "fdatasync", "sync_file_range"}) {
    check::TemporaryDirectory place;
    const std::vector<std::uint8_t> data(9 << 20, 7);
    const auto shard = create(place, data.size());
    place.inject(syscall, 1, Action::kError, Error::kEIO);
    std::vector<std::uint32_t> crcs;
    Status first = append(*shard, {{data.data(), data.size()}}, &crcs);
    if (first.ok()) first = shard->finish(true);
    CHECK(std::string(first.code) == "EIO" && std::string(first.syscall) == syscall);
    CHECK(first.path == place.path + "/shard");
    const std::size_t made = place.table->operations().size();
    CHECK_CODE(append(*shard, {{data.data(), 1}}, &crcs), "EIO");
    CHECK_CODE(shard->finish(true), "EIO");
    CHECK_CODE(shard->finish(false), "EIO");
    CHECK(place.table->operations().size() == made);
    CHECK_OK(shard->close());
    CHECK(place.table->openDescriptors() == 1);
  }
}

void writeBehindIsOnlyAHint() {
  check::TemporaryDirectory place;
  const std::vector<std::uint8_t> data(40 << 20, 3);
  const auto shard = create(place, data.size());
  place.inject("sync_file_range", 1, Action::kError, Error::kENOSYS);
  std::vector<std::uint32_t> crcs;
  CHECK_OK(append(*shard, {{data.data(), data.size()}}, &crcs));
  CHECK_OK(shard->finish(true));
  CHECK(place.calls("sync_file_range") == 1);
}

void stopsAndCloses() {
  check::TemporaryDirectory place;
  const std::vector<std::uint8_t> data(1 << 20, 3);
  const auto shard = create(place, data.size());
  StopToken stop;
  stop.request();
  std::vector<std::uint32_t> crcs;
  CHECK_CODE(append(*shard, {{data.data(), data.size()}}, &crcs, stop), "ECANCELED");
  CHECK_OK(shard->close());
  CHECK_OK(shard->close());
  const auto other = [&] {
    std::unique_ptr<ShardWriter> made;
    CHECK_OK(ShardWriter::create(*place.directory, "other", {}, &made));
    return made;
  }();
  CHECK_OK(other->close());
  CHECK_CODE(append(*other, {}, &crcs), "EBADF");
  CHECK_CODE(other->finish(false), "EBADF");
}

}  // namespace

void check::shardCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"shard: writes what it checksums", writesWhatItChecksums},
                               {"shard: items need not end where views do", itemsNeedNotEndWhereViewsDo},
                               {"shard: items must be the bytes", itemsMustBeTheBytes},
                               {"shard: the size must be as announced", sizeMustBeAsAnnounced},
                               {"shard: no space leaves nothing behind", noSpaceLeavesNothing},
                               {"shard: a failure is for ever", failuresAreForEver},
                               {"shard: write-behind is only a hint", writeBehindIsOnlyAHint},
                               {"shard: stops and closes", stopsAndCloses}});
}
