// Slicing-by-16: sixteen table look-ups for sixteen bytes. For processors without CRC or carry-less instructions.
#include "crc32c/crc32c.h"
#include "crc32c/crc32c_polynomial.h"

namespace tensorbundle {
namespace {

using Table = std::array<std::array<std::uint32_t, 256>, 16>;

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
  for (; length >= 16; data += 16, length -= 16) {
    const std::uint32_t low =
        state ^ (static_cast<std::uint32_t>(data[0]) | static_cast<std::uint32_t>(data[1]) << 8 |
                 static_cast<std::uint32_t>(data[2]) << 16 | static_cast<std::uint32_t>(data[3]) << 24);
    // Only this part waits for the sixteen bytes before.
    const std::uint32_t first =
        kTable[15][low & 0xff] ^ kTable[14][(low >> 8) & 0xff] ^ kTable[13][(low >> 16) & 0xff] ^ kTable[12][low >> 24];
    std::uint32_t rest = kTable[11][data[4]] ^ kTable[10][data[5]] ^ kTable[9][data[6]] ^ kTable[8][data[7]] ^
                         kTable[7][data[8]] ^ kTable[6][data[9]] ^ kTable[5][data[10]] ^ kTable[4][data[11]] ^
                         kTable[3][data[12]] ^ kTable[2][data[13]] ^ kTable[1][data[14]] ^ kTable[0][data[15]];
    // Clang would otherwise put the part that waits at the beginning of one long chain (2.6 instead of 4.9 GB/s).
    __asm__("" : "+r"(rest));
    state = first ^ rest;
  }
  for (; length > 0; ++data, --length) state = (state >> 8) ^ kTable[0][(state ^ *data) & 0xff];
  return state;
}

}  // namespace tensorbundle
