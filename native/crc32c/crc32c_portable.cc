// Slicing-by-8: eight table look-ups for eight bytes. For processors without CRC or carry-less instructions.
#include "crc32c/crc32c.h"
#include "crc32c/crc32c_polynomial.h"

namespace tensorbundle {
namespace {

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Table makeTable() {
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = polynomial::timesX(value);
    table[0][byte] = value;
  }
  for (std::size_t row = 1; row < table.size(); ++row) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = table[row - 1][byte];
      table[row][byte] = (before >> 8) ^ table[0][before & 0xff];
    }
  }
  return table;
}

constexpr Table kTable = makeTable();

}  // namespace

std::uint32_t crc32cPortable(std::uint32_t state, const std::uint8_t* data, std::size_t length) {
  // Bytes are read one by one, so byte order and alignment do not matter. Compilers turn this into single loads.
  for (; length >= 8; data += 8, length -= 8) {
    const std::uint32_t low =
        state ^ (static_cast<std::uint32_t>(data[0]) | static_cast<std::uint32_t>(data[1]) << 8 |
                 static_cast<std::uint32_t>(data[2]) << 16 | static_cast<std::uint32_t>(data[3]) << 24);
    state = kTable[7][low & 0xff] ^ kTable[6][(low >> 8) & 0xff] ^ kTable[5][(low >> 16) & 0xff] ^
            kTable[4][low >> 24] ^ kTable[3][data[4]] ^ kTable[2][data[5]] ^ kTable[1][data[6]] ^ kTable[0][data[7]];
  }
  for (; length > 0; ++data, --length) state = (state >> 8) ^ kTable[0][(state ^ *data) & 0xff];
  return state;
}

}  // namespace tensorbundle
