// Builds tables byte by byte: sound ones as writers make them, and ones whose numbers lie.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "crc32c/crc32c.h"

namespace tables {

using Bytes = std::vector<std::uint8_t>;
using Rows = std::vector<std::pair<std::string, std::string>>;

inline const tensorbundle::Crc32c kCrc32c;
constexpr std::size_t kFooter = 48;
constexpr std::size_t kInterval = 16;

template <typename Some>
void append(Bytes* to, const Some& what) {
  to->insert(to->end(), what.begin(), what.end());
}

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

inline std::string fixed32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

inline std::string handleOf(std::uint64_t offset, std::uint64_t size) { return varint(offset) + varint(size); }

// An entry whose numbers may lie.
inline std::string entry(std::uint64_t shared, std::uint64_t suffixLength, std::uint64_t valueLength,
                         const std::string& bytes) {
  return varint(shared) + varint(suffixLength) + varint(valueLength) + bytes;
}

inline std::string entry(const std::string& key, const std::string& value) {
  return entry(0, key.size(), value.size(), key + value);
}

// The contents of a block: entries, and restarts that may lie.
inline Bytes block(const std::string& entries, const std::vector<std::uint32_t>& restarts, std::uint32_t count) {
  Bytes bytes;
  append(&bytes, entries);
  for (const std::uint32_t restart : restarts) append(&bytes, fixed32(restart));
  append(&bytes, fixed32(count));
  return bytes;
}

inline Bytes block(const std::string& entries, const std::vector<std::uint32_t>& restarts) {
  return block(entries, restarts, static_cast<std::uint32_t>(restarts.size()));
}

// As writers make it: all but every 16th key leave out what they share with the key before.
inline Bytes block(const Rows& rows, std::size_t interval = kInterval) {
  std::string entries;
  std::vector<std::uint32_t> restarts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& [key, value] = rows[i];
    std::size_t shared = 0;
    if (i % interval == 0) {
      restarts.push_back(static_cast<std::uint32_t>(entries.size()));
    } else {
      const std::string& before = rows[i - 1].first;
      while (shared < std::min(before.size(), key.size()) && before[shared] == key[shared]) ++shared;
    }
    entries += entry(shared, key.size() - shared, value.size(), key.substr(shared) + value);
  }
  if (restarts.empty()) restarts.push_back(0);
  return block(entries, restarts);
}

struct Built {
  Bytes bytes;
  // Offset and size of each.
  std::vector<std::pair<std::size_t, std::size_t>> blocks;

  // Gives the handle.
  std::string add(const Bytes& contents, std::uint8_t type = 0) {
    blocks.emplace_back(bytes.size(), contents.size());
    append(&bytes, contents);
    bytes.push_back(type);
    append(&bytes, fixed32(0));
    seal(blocks.back());
    return handleOf(blocks.back().first, contents.size());
  }

  void finish(const std::string& handles) {
    Bytes footer;
    append(&footer, handles);
    CHECK(footer.size() <= 40);
    footer.resize(40);
    for (const int byte : {0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb}) {
      footer.push_back(static_cast<std::uint8_t>(byte));
    }
    append(&bytes, footer);
  }

  // The rest after the data blocks. `index`: separators and handles.
  void finishWith(const Rows& index) {
    const std::string metaindex = add(block(Rows{}));
    finish(metaindex + add(block(index, 1)));
  }

  // Right checksums again, wherever the blocks were changed.
  void mend() {
    for (const auto& one : blocks) seal(one);
  }

 private:
  void seal(const std::pair<std::size_t, std::size_t>& one) {
    std::uint8_t* start = bytes.data() + one.first;
    const std::uint32_t crc = kCrc32c.extend(0, start, one.second + 1);
    const std::uint32_t masked = (crc >> 15 | crc << 17) + 0xa282ead8U;
    for (std::size_t i = 0; i < 4; ++i) start[one.second + 1 + i] = static_cast<std::uint8_t>(masked >> (8 * i));
  }
};

inline Built tableOf(const Rows& rows, std::size_t perBlock) {
  Built built;
  Rows index;
  for (std::size_t from = 0; from < rows.size(); from += perBlock) {
    const std::size_t to = std::min(rows.size(), from + perBlock);
    const Rows part(rows.begin() + static_cast<std::ptrdiff_t>(from), rows.begin() + static_cast<std::ptrdiff_t>(to));
    index.emplace_back(part.back().first, built.add(block(part)));
  }
  built.finishWith(index);
  return built;
}

// One data block, as given.
inline Built around(const Bytes& data, const std::string& separator = "zz") {
  Built built;
  built.finishWith({{separator, built.add(data)}});
  return built;
}

// The header, and then names.
inline Rows numbered(std::size_t count, const std::string& name = "name-") {
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.emplace_back(i == 0 ? std::string() : name + std::to_string(100000 + i), "value " + std::to_string(i));
  }
  return rows;
}

}  // namespace tables
