// Reads a sorted string table (FORMAT.md) that is just as writers make it into columns: all keys, and where each value
// lies. The thorough reader is src/format/table-reader.ts, which reads whatever may be read, and says what is wrong
// with the rest. This one only says no, so it has no messages, and needs no rule about what may be a little wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "crc32c/crc32c.h"

namespace tensorbundle {

struct PlainTable {
  // All keys, one after another; key i ends at keyEnds[i].
  std::vector<std::uint8_t> keys;
  std::vector<std::uint32_t> keyEnds;
  // Positions in the file.
  std::vector<std::uint32_t> valueStarts;
  std::vector<std::uint32_t> valueEnds;
  // 1 where the key is ASCII.
  std::vector<std::uint8_t> ascii;
  // Whether all keys are ASCII without NUL.
  bool isText = true;
};

// A table of more bytes, or with more bytes of keys, is not read: nothing stops the reading of one, and JavaScript
// copies all columns in one go. Enough for 100,000 tensors.
constexpr std::size_t kMaxPlainTable = std::size_t{8} << 20;
constexpr std::size_t kMaxPlainKeys = std::size_t{16} << 20;

// False if anything is not as TensorFlow's and this package's writers make it: compressed blocks, gaps, damage, more or
// longer keys than a real checkpoint has. The columns are then of no use. Never reads outside of the bytes.
// Throws std::bad_alloc.
bool readPlainTable(const std::uint8_t* bytes, std::size_t size, const Crc32c& crc32c, PlainTable* table);

}  // namespace tensorbundle
