// Arithmetic modulo the Castagnoli polynomial, at compile time. The kernels' tables and folding constants are computed
// with it, so there are no unexplained numbers. Bits are reflected, as in CRC32C: bit 31 is x^0, bit 0 is x^31.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tensorbundle::polynomial {

constexpr std::uint32_t kPolynomial = 0x82f63b78;
constexpr std::uint32_t kOne = 0x80000000;

constexpr std::uint32_t timesX(std::uint32_t a) { return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0); }

constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = timesX(b);
  }
  return product;
}

// x^(2^k) for every k.
constexpr std::array<std::uint32_t, 64> squares() {
  std::array<std::uint32_t, 64> table{};
  std::uint32_t power = timesX(kOne);
  for (std::size_t k = 0; k < table.size(); ++k) {
    table[k] = power;
    power = multiply(power, power);
  }
  return table;
}

constexpr std::array<std::uint32_t, 64> kSquares = squares();

// x^n.
constexpr std::uint32_t power(std::uint64_t n) {
  std::uint32_t result = kOne;
  for (std::size_t k = 0; n != 0; ++k, n >>= 1) {
    if ((n & 1) != 0) result = multiply(kSquares[k], result);
  }
  return result;
}

// The factor of a carry-less multiplication that moves a reflected 64-bit value by `exponent` + 1 bits: a carry-less
// product of reflected values is the product times x. A 32-bit factor is in the upper half of its quadword.
constexpr std::uint64_t foldFactor(std::uint64_t exponent) { return std::uint64_t{power(exponent)} << 32; }

}  // namespace tensorbundle::polynomial
