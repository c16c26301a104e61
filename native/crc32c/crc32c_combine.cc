// crc(AB) = crc(A) x^(8 |B|) + crc(B): the complements before and after cancel out.
#include "crc32c/crc32c.h"
#include "crc32c/crc32c_polynomial.h"

namespace tensorbundle {

std::uint32_t crc32cCombine(std::uint32_t crcA, std::uint32_t crcB, std::uint64_t lengthB) {
  // 8 |B| would overflow for lengths above 2^61, so x^8 is raised instead: its powers are the squares shifted by 3.
  std::uint32_t shifted = crcA;
  for (std::size_t k = 3; lengthB != 0; ++k, lengthB >>= 1) {
    if ((lengthB & 1) != 0) shifted = polynomial::multiply(polynomial::kSquares[k], shifted);
  }
  return shifted ^ crcB;
}

}  // namespace tensorbundle
