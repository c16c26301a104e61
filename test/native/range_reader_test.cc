// The range reader: against plain reads, with several threads, with files that end early and reads that fail.
#include "engine/range_reader.h"

#include <thread>

#include "check.h"
#include "engine/transfer.h"
#include "temporary_directory.h"

namespace {

using namespace tensorbundle;
using Action = Fault::Action;

const Crc32c kCrc32c;

struct Files {
  check::TemporaryDirectory place;
  std::vector<std::vector<std::uint8_t>> data;
  std::vector<std::shared_ptr<Descriptor>> files;

  void add(std::size_t size) {
    check::Random random(20 + files.size());
    data.push_back(random.bytes(size));
    std::shared_ptr<Descriptor> file;
    CHECK_OK(openFile(*place.directory, "data" + std::to_string(files.size()), OpenMode::kCreate, kDefaultPermissions,
                      &file));
    CHECK_OK(writeFully(*file, data.back().data(), size, 0));
    files.push_back(file);
  }
};

Status run(RangeReader* reader, const StopToken& stop, std::size_t threads) {
  std::size_t parts = 0;
  Status planned = reader->plan(threads, &parts);
  if (!planned.ok()) return planned;
  CHECK(parts >= 1 && parts <= threads);
  std::vector<Status> results(parts);
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < parts; ++i) workers.emplace_back([&, i] { results[i] = reader->work(stop); });
  for (std::thread& worker : workers) worker.join();
  for (const Status& result : results) {
    if (!result.ok()) return result;
  }
  return {};
}

void likePlainReads() {
  Files files;
  files.add(3000000);
  files.add(70000);
  files.add(0);
  check::Random random(30);
  for (int round = 0; round < 12; ++round) {
    std::vector<Range> ranges;
    std::vector<std::vector<std::uint8_t>> into;
    const std::size_t count = random.below(400);
    for (std::size_t i = 0; i < count; ++i) {
      Range range;
      range.file = static_cast<std::uint32_t>(random.below(3));
      const std::size_t size = files.data[range.file].size();
      range.offset = random.below(size + 1);
      const std::size_t longest = i % 50 == 0 ? size : std::min<std::size_t>(size, 2000);
      range.length = std::min<std::uint64_t>(random.below(longest + 1), size - range.offset);
      into.emplace_back(range.length);
      ranges.push_back(range);
    }
    if (round % 2 == 0) {
      for (std::size_t i = 0; i < count; ++i) ranges[i].into = into[i].data();
    }
    files.place.inject("pread", 1, Action::kShort, Error::kNone, round % 3 == 0);
    RangeReader reader(files.files, ranges, kCrc32c);
    CHECK_OK(run(&reader, StopToken(), 3));
    const std::vector<std::uint32_t> crcs = reader.checksums();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t* expected = files.data[ranges[i].file].data() + ranges[i].offset;
      CHECK(crcs[i] == kCrc32c.extend(0, expected, ranges[i].length));
      if (ranges[i].into != nullptr) CHECK(std::equal(into[i].begin(), into[i].end(), expected));
    }
  }
}

void largeRangesAreCutAndJoined() {
  Files files;
  files.add((33 << 20) + 12345);
  const std::size_t size = files.data[0].size();
  std::vector<std::uint8_t> into(size);
  files.place.table->setFaults({});
  RangeReader reader(files.files, {{0, 0, size, into.data()}, {0, 1, size - 1, nullptr}, {0, 7, 100, nullptr}},
                     kCrc32c);
  CHECK_OK(run(&reader, StopToken(), 4));
  CHECK(into == files.data[0]);
  CHECK(reader.checksums()[0] == kCrc32c.extend(0, into.data(), size));
  CHECK(reader.checksums()[1] == kCrc32c.extend(0, into.data() + 1, size - 1));
  CHECK(reader.checksums()[2] == kCrc32c.extend(0, into.data() + 7, 100));
}

void oneRangeTakesSeveralThreads() {
  Files files;
  files.add(5 << 20);
  const auto partsOf = [&](std::uint64_t length) {
    std::vector<std::uint8_t> into(length);
    RangeReader reader(files.files, {{0, 0, length, into.data()}}, kCrc32c);
    std::size_t parts = 0;
    CHECK_OK(reader.plan(8, &parts));
    return parts;
  };
  CHECK(partsOf(3 << 20) == 1);
  CHECK(partsOf(4 << 20) == 2);
  CHECK(partsOf(5 << 20) == 3);
}

void neighboursShareARead() {
  Files files;
  files.add(640000);
  std::vector<Range> ranges;
  for (std::uint64_t i = 0; i < 10000; ++i) ranges.push_back({0, i * 64, 64, nullptr});
  files.place.table->setFaults({});
  RangeReader reader(files.files, ranges, kCrc32c);
  CHECK_OK(run(&reader, StopToken(), 2));
  CHECK(files.place.calls("pread") == 3);
}

void earlyEnds() {
  Files files;
  files.add(1000);
  for (const Range& range : {Range{0, 0, 1001, nullptr}, Range{0, 1000, 1, nullptr}, Range{0, 900, 101, nullptr},
                             Range{0, ~std::uint64_t{0}, 2, nullptr}, Range{0, 5, ~std::uint64_t{0}, nullptr}}) {
    RangeReader reader(files.files, {range}, kCrc32c);
    CHECK_CODE(run(&reader, StopToken(), 2), "ESHORT");
  }
  // Truncated after the sizes were compared.
  RangeReader reader(files.files, {{0, 100, 800, nullptr}}, kCrc32c);
  std::size_t parts = 0;
  CHECK_OK(reader.plan(2, &parts));
  CHECK(::truncate((files.place.path + "/data0").c_str(), 500) == 0);
  const Status status = reader.work(StopToken());
  CHECK(std::string(status.code) == "ESHORT" && status.offset == 500);
}

void failingReads() {
  Files files;
  files.add(2000000);
  files.place.inject("pread", 3, Action::kError, Error::kEIO);
  RangeReader reader(files.files, {{0, 0, 2000000, nullptr}, {0, 0, 1500000, nullptr}}, kCrc32c);
  const Status status = run(&reader, StopToken(), 2);
  CHECK(std::string(status.code) == "EIO" && status.offset >= 0 && !status.path.empty());
  StopToken stop;
  stop.request();
  files.place.table->setFaults({});
  RangeReader stopped(files.files, {{0, 0, 2000000, nullptr}}, kCrc32c);
  CHECK_CODE(run(&stopped, stop, 2), "ECANCELED");
  RangeReader nothing(files.files, {}, kCrc32c);
  CHECK_OK(run(&nothing, StopToken(), 2));
}

}  // namespace

void check::rangeCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"ranges: like plain reads", likePlainReads},
                               {"ranges: large ones are cut and joined", largeRangesAreCutAndJoined},
                               {"ranges: one range takes several threads", oneRangeTakesSeveralThreads},
                               {"ranges: neighbours share a read", neighboursShareARead},
                               {"ranges: files that end early", earlyEnds},
                               {"ranges: failing and stopped reads", failingReads}});
}
