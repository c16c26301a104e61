// The reader of plain tables: what it takes, what it refuses, and that it reads nothing beside the bytes.
#include "engine/plain_table.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "check.h"
#include "table_builder.h"
#include "table_checks.h"

namespace {

using tables::around;
using tables::block;
using tables::Built;
using tables::Bytes;
using tables::checkRows;
using tables::checkSound;
using tables::entry;
using tables::handleOf;
using tables::numbered;
using tables::read;
using tables::Rows;
using tables::tableOf;
using tables::takes;
using tables::varint;
using tensorbundle::PlainTable;

void whatWritersMake() {
  for (const std::size_t count : {1U, 2U, 15U, 16U, 17U, 31U, 32U, 33U, 100U}) {
    for (const std::size_t perBlock : {1U, 7U, 16U, 17U, 1000U}) {
      checkRows(numbered(count), tableOf(numbered(count), perBlock).bytes);
    }
  }
  // Values and lengths of one, two and three bytes of varint.
  checkRows(
      {{"", ""}, {"a", std::string(127, 'v')}, {"b", std::string(128, 'v')}, {"c", std::string(16384, 'v')}},
      tableOf({{"", ""}, {"a", std::string(127, 'v')}, {"b", std::string(128, 'v')}, {"c", std::string(16384, 'v')}}, 4)
          .bytes);
}

void textAndAscii() {
  const auto isText = [](const std::string& key, bool ascii) {
    PlainTable table;
    CHECK(read(tableOf({{"", "h"}, {key, "v"}}, 2).bytes, &table));
    CHECK(table.ascii[0] == 1 && table.ascii[1] == (ascii ? 1 : 0));
    return table.isText;
  };
  CHECK(isText("a", true));
  CHECK(isText("a\nb\x7f", true));
  CHECK(!isText(std::string("a\0b", 3), true));
  CHECK(!isText(std::string("\0", 1), true));
  CHECK(!isText("\xc3\xa9", false));
  CHECK(!isText("a\xff", false));
}

void everyEnd() {
  const Bytes bytes = tableOf(numbered(20), 6).bytes;
  for (std::size_t end = 0; end < bytes.size(); ++end) {
    const auto cut = bytes.begin() + static_cast<std::ptrdiff_t>(end);
    CHECK(!takes(Bytes(bytes.begin(), cut)));
    // The end alone.
    if (end > 0) CHECK(!takes(Bytes(cut, bytes.end())));
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK(!takes(longer));
}

void everyByte() {
  const Built good = tableOf(numbered(40), 12);
  std::size_t taken = 0;
  for (std::size_t at = 0; at < good.bytes.size(); ++at) {
    for (const int change : {1, 2, 0x7f, 0x80, 0xff}) {
      Built changed = good;
      changed.bytes[at] = static_cast<std::uint8_t>(changed.bytes[at] ^ change);
      if (at + tables::kFooter < good.bytes.size()) CHECK(!takes(changed));
      changed.mend();
      PlainTable table;
      if (!read(changed.bytes, &table)) continue;
      ++taken;
      checkSound(table, changed.bytes.size());
    }
  }
  CHECK(taken > 100);
}

void randomChanges() {
  check::Random random(40);
  const Built good = tableOf(numbered(40), 12);
  const std::uint8_t numbers[] = {0, 1, 7, 8, 16, 0x7f, 0x80, 0x81, 0xfe, 0xff};
  for (int round = 0; round < 20000; ++round) {
    Built changed = good;
    const std::size_t at = random.below(changed.bytes.size());
    const std::size_t count = std::min<std::size_t>(1 + random.below(6), changed.bytes.size() - at);
    for (std::size_t i = 0; i < count; ++i) changed.bytes[at + i] = numbers[random.below(sizeof numbers)];
    changed.mend();
    PlainTable table;
    if (read(changed.bytes, &table)) checkSound(table, changed.bytes.size());
  }
}

void numbersOfHandles() {
  const Bytes data = block({{"", "h"}, {"w", "v"}});
  const auto withHandle = [&](const std::string& handle) {
    Built built;
    built.add(data);
    built.finishWith({{"zz", handle}});
    return takes(built);
  };
  const std::size_t size = data.size();
  CHECK(withHandle(handleOf(0, size)));
  const std::string zero("\x80\x00", 2);
  CHECK(!withHandle(zero + varint(size)));
  CHECK(!withHandle(varint(0) + varint(size) + '\0'));
  CHECK(!withHandle(varint(0)));
  CHECK(!withHandle(""));
  CHECK(!withHandle("\x80"));
  CHECK(!withHandle(varint(0) + std::string(10, '\x80')));
  const std::uint64_t wrong[] = {size - 1,    size + 1,     size + 5,   0xffffffff, 0xfffffffb,
                                 0x100000000, 0x1fffffffff, 1ULL << 63, ~0ULL,      0 - std::uint64_t{5}};
  for (const std::uint64_t one : wrong) {
    CHECK(!withHandle(handleOf(0, one)));
    CHECK(!withHandle(handleOf(one, size)));
  }
  // 2^32 + size: a reader of 32 bits would take it.
  CHECK(!withHandle(handleOf(0, (1ULL << 32) + size)));
  CHECK(!withHandle(handleOf(1ULL << 32, size)));

  // The same in the footer.
  const auto withFooter = [&](std::uint64_t offset, std::uint64_t length, const std::string& after) {
    Built built;
    const std::string handle = built.add(data);
    const std::string metaindex = built.add(block(Rows{}));
    const std::size_t start = built.bytes.size();
    const Bytes index = block(Rows{{"zz", handle}}, 1);
    built.add(index);
    built.finish(metaindex + handleOf(start + offset, index.size() + length) + after);
    return takes(built);
  };
  CHECK(withFooter(0, 0, ""));
  CHECK(!withFooter(1, 0, ""));
  CHECK(!withFooter(0, 1, ""));
  CHECK(!withFooter(0, 0 - std::uint64_t{1}, ""));
  CHECK(!withFooter(1ULL << 32, 0, ""));
  CHECK(!withFooter(0, 1ULL << 32, ""));
  CHECK(!withFooter(0, 0, "\x01"));
}

void numbersOfEntries() {
  const std::string head = entry("", "h");
  const auto withEntry = [&](const std::string& bytes) { return takes(around(block(head + bytes, {0}))); };
  CHECK(withEntry(entry("w", "v")));
  CHECK(withEntry(entry("w", "")));
  // The first key is empty, so nothing can be shared with it.
  CHECK(!withEntry(entry(1, 1, 1, "wv")));
  CHECK(withEntry(entry("ab", "v") + entry(2, 1, 1, "cv")));
  CHECK(!withEntry(entry("ab", "v") + entry(3, 1, 1, "cv")));
  for (const std::uint64_t lie :
       {std::uint64_t{3}, std::uint64_t{0x7f}, std::uint64_t{0xffffffff}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    CHECK(!withEntry(entry(lie, 1, 1, "wv")));
    CHECK(!withEntry(entry(0, lie, 1, "wv")));
    CHECK(!withEntry(entry(0, 1, lie, "wv")));
    CHECK(!withEntry(entry(0, lie, lie, "wv")));
    // What comes out below zero, except for the largest number, which becomes 1.
    if (lie != ~std::uint64_t{0}) CHECK(!withEntry(entry(0, 1, 0 - lie, "wv")));
  }
  // Not the shortest forms, and an entry that the restarts cut.
  CHECK(!withEntry(std::string("\x80\x00\x01\x01wv", 6)));
  CHECK(!withEntry(std::string("\x00\x81\x00\x01wv", 6)));
  CHECK(!withEntry(std::string("\x00\x01\x81\x00wv", 6)));
  CHECK(!withEntry(std::string("\x00", 1)));
  CHECK(!withEntry(std::string("\x00\x01", 2)));
  CHECK(!withEntry("\x80"));
}

void restarts() {
  std::string entries;
  std::vector<std::uint32_t> starts;
  for (int i = 0; i < 20; ++i) {
    starts.push_back(static_cast<std::uint32_t>(entries.size()));
    entries += entry(i == 0 ? std::string() : "k" + std::to_string(100 + i), "v");
  }
  const std::uint32_t second = starts[16];
  const auto with = [&](const std::vector<std::uint32_t>& list) { return takes(around(block(entries, list))); };
  CHECK(with({0, second}));
  CHECK(!with({0}));
  CHECK(!with({}));
  CHECK(!with({second, 0}));
  CHECK(!with({1, second}));
  CHECK(!with({0, second + 1}));
  CHECK(!with({0, starts[15]}));
  CHECK(!with({0, starts[17]}));
  CHECK(!with({0, 0xffffffff}));
  CHECK(!with({0, second, second}));
  CHECK(!with({0, second, static_cast<std::uint32_t>(entries.size())}));
  // Counts: 4 * (count + 1) wraps for the last ones in 32 bits.
  for (const std::uint32_t count : {0U, 1U, 3U, 4U, 0xffU, 0x3fffffffU, 0x40000000U, 0x40000001U, 0x40000002U,
                                    0x7fffffffU, 0xfffffffeU, 0xffffffffU}) {
    CHECK(!takes(around(block(entries, {0, second}, count))));
  }
  // Blocks of 0 to 8 bytes.
  for (std::size_t size = 0; size <= 8; ++size) CHECK(!takes(around(Bytes(size, 0))));
  CHECK(!takes(around(block(Rows{}))));
}

void order() {
  const auto rows = [](const Rows& some) {
    std::string entries;
    for (const auto& [key, value] : some) entries += entry(key, value);
    return takes(around(block(entries, {0})));
  };
  CHECK(rows({{"", "h"}, {"a", "1"}, {"b", "2"}}));
  CHECK(rows({{"", "h"}, {"a", "1"}, {"ab", "2"}}));
  // Bytes count as unsigned numbers.
  CHECK(
      takes(around(block(entry("", "h") + entry("\x7f", "1") + entry("\x80", "2") + entry("\xff", "3"), {0}), "\xff")));
  CHECK(!takes(around(block(entry("", "h") + entry("\x80", "1") + entry("\x7f", "2"), {0}), "\xff")));
  CHECK(!rows({{"", "h"}, {"", "1"}}));
  CHECK(!rows({{"", "h"}, {"a", "1"}, {"a", "2"}}));
  CHECK(!rows({{"", "h"}, {"b", "1"}, {"a", "2"}}));
  CHECK(!rows({{"", "h"}, {"ab", "1"}, {"a", "2"}}));
  // A key that is repeated by sharing all of it.
  CHECK(!takes(around(block(entry("", "h") + entry("ab", "1") + entry(2, 0, 1, "2"), {0}))));

  const auto blocks = [](const Rows& first, const std::string& separator, const Rows& second, const std::string& last) {
    Built built;
    Rows index;
    index.emplace_back(separator, built.add(block(first)));
    index.emplace_back(last, built.add(block(second)));
    built.finishWith(index);
    return takes(built);
  };
  const Rows first = {{"", "h"}, {"b", "1"}};
  const Rows second = {{"d", "2"}};
  CHECK(blocks(first, "b", second, "d"));
  CHECK(blocks(first, "c", second, "e"));
  CHECK(!blocks(first, "a", second, "d"));
  CHECK(!blocks(first, "", second, "d"));
  CHECK(!blocks(first, "d", second, "d"));
  CHECK(!blocks(first, "e", second, "f"));
  CHECK(!blocks(first, "c", second, "c"));
  CHECK(!blocks(first, "b", {{"b", "2"}}, "d"));
  CHECK(!blocks(first, "b", {{"a", "2"}}, "d"));
  CHECK(!blocks(first, "b", {}, "d"));
}

void blocksInPlace() {
  const Bytes data = block({{"", "h"}, {"w", "v"}});
  // Compressed, or of an unknown type.
  for (const std::uint8_t type : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{0xff}}) {
    Built built;
    built.finishWith({{"zz", built.add(data, type)}});
    CHECK(!takes(built));
  }
  // The same block twice, and a block that no handle names.
  Built twice;
  const std::string handle = twice.add(data);
  twice.finishWith({{"x", handle}, {"zz", handle}});
  CHECK(!takes(twice));
  Built unused;
  unused.add(data);
  unused.finishWith({{"zz", unused.add(data)}});
  CHECK(!takes(unused));
  // No data block at all.
  Built none;
  none.finishWith({});
  CHECK(!takes(none));
  // A metaindex with an entry; the index before the metaindex; the data block as the index.
  Built named;
  const std::string one = named.add(data);
  const std::string metaindex = named.add(block({{"a", "b"}}));
  named.finish(metaindex + named.add(block({{"zz", one}}, 1)));
  CHECK(!takes(named));
  Built swapped;
  const std::string two = swapped.add(data);
  const std::string index = swapped.add(block({{"zz", two}}, 1));
  swapped.finish(swapped.add(block(Rows{})) + index);
  CHECK(!takes(swapped));
  Built itself;
  const std::string three = itself.add(data);
  itself.finish(itself.add(block(Rows{})) + three);
  CHECK(!takes(itself));
}

void limits() {
  // The longest key.
  const auto longest = [](std::size_t length) {
    return takes(tableOf({{"", "h"}, {std::string(length, 'k'), "v"}}, 2));
  };
  CHECK(longest(16383));
  CHECK(!longest(16384));
  // Entries: one per 8 bytes of the file, and 1,024. These have some 4 bytes.
  const auto slim = [](std::size_t count) {
    Rows rows;
    for (std::size_t i = 0; i < count; ++i) {
      rows.emplace_back(std::string{static_cast<char>(33 + i / 90), static_cast<char>(33 + i % 90)}, "");
    }
    return takes(tableOf(rows, count));
  };
  CHECK(slim(1500));
  CHECK(!slim(7000));
  // Keys that expand: 8 bytes per byte of the file, and 1 MiB.
  const auto expanding = [](std::size_t count) {
    const std::string start(998, 'a');
    Rows rows;
    for (std::size_t i = 0; i < count; ++i) {
      rows.emplace_back(start + static_cast<char>(33 + i / 90) + static_cast<char>(33 + i % 90), "");
    }
    return takes(tableOf(rows, count));
  };
  CHECK(expanding(1500));
  CHECK(!expanding(8000));
  // Separators: the thorough reader refuses some of these, so none may be taken.
  CHECK(takes(around(block({{"", "h"}, {"w", "v"}}), std::string(16383, 'z'))));
  CHECK(!takes(around(block({{"", "h"}, {"w", "v"}}), std::string(16384, 'z'))));
  CHECK(!takes(around(block({{"", "h"}, {"w", "v"}}), std::string((4 << 20) + 1, 'z'))));
  // The largest file.
  const auto valued = [](std::size_t length) { return tableOf({{"", "h"}, {"w", std::string(length, 'v')}}, 2).bytes; };
  const std::size_t near = tensorbundle::kMaxPlainTable - 1000;
  const std::size_t fits = near + (tensorbundle::kMaxPlainTable - valued(near).size());
  CHECK(valued(fits).size() == tensorbundle::kMaxPlainTable);
  CHECK(takes(valued(fits)));
  CHECK(!takes(valued(fits + 1)));
}

}  // namespace

void check::tableCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"table: what writers make", whatWritersMake},
                               {"table: text and ASCII", textAndAscii},
                               {"table: every end", everyEnd},
                               {"table: every byte", everyByte},
                               {"table: random changes", randomChanges},
                               {"table: numbers of handles", numbersOfHandles},
                               {"table: numbers of entries", numbersOfEntries},
                               {"table: restarts", restarts},
                               {"table: order", order},
                               {"table: blocks in their places", blocksInPlace},
                               {"table: limits", limits}});
}
