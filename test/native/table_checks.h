// Reads tables that table_builder.h has built, and checks what was read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "check.h"
#include "engine/plain_table.h"
#include "table_builder.h"

namespace tables {

inline bool read(const Bytes& bytes, tensorbundle::PlainTable* table) {
  // An exact copy, so that reading past an end is seen by the sanitizers.
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), exact.get());
  return tensorbundle::readPlainTable(exact.get(), bytes.size(), kCrc32c, table);
}

inline bool takes(const Bytes& bytes) {
  tensorbundle::PlainTable table;
  return read(bytes, &table);
}

inline bool takes(const Built& built) { return takes(built.bytes); }

inline std::string keyAt(const tensorbundle::PlainTable& table, std::size_t i) {
  const std::size_t start = i == 0 ? 0 : table.keyEnds[i - 1];
  return std::string(table.keys.begin() + static_cast<std::ptrdiff_t>(start),
                     table.keys.begin() + static_cast<std::ptrdiff_t>(table.keyEnds[i]));
}

inline void checkRows(const Rows& rows, const Bytes& bytes) {
  tensorbundle::PlainTable table;
  CHECK(read(bytes, &table));
  CHECK(table.keyEnds.size() == rows.size() && table.ascii.size() == rows.size());
  CHECK(table.valueStarts.size() == rows.size() && table.valueEnds.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(keyAt(table, i) == rows[i].first);
    CHECK(std::string(bytes.begin() + static_cast<std::ptrdiff_t>(table.valueStarts[i]),
                      bytes.begin() + static_cast<std::ptrdiff_t>(table.valueEnds[i])) == rows[i].second);
  }
  CHECK(table.keys.size() == table.keyEnds.back());
}

// Whatever was taken: rising keys, values inside of the file.
inline void checkSound(const tensorbundle::PlainTable& table, std::size_t size) {
  CHECK(!table.keyEnds.empty() && table.keys.size() == table.keyEnds.back());
  for (std::size_t i = 0; i < table.keyEnds.size(); ++i) {
    CHECK(table.valueStarts[i] <= table.valueEnds[i] && table.valueEnds[i] <= size - kFooter);
    if (i > 0) CHECK(table.keyEnds[i - 1] < table.keyEnds[i] && keyAt(table, i - 1) < keyAt(table, i));
  }
}

}  // namespace tables
