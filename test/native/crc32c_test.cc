// One vector set for every kernel: published vectors, random data at all alignments, and the combination.
#include "crc32c/crc32c.h"

#include <algorithm>
#include <cstring>

#include "check.h"

namespace {

using tensorbundle::Crc32cKernel;

// Straight from the definition: bit by bit, no tables.
std::uint32_t reference(const std::uint8_t* data, std::size_t length) {
  std::uint32_t state = 0xffffffff;
  for (std::size_t i = 0; i < length; ++i) {
    state ^= data[i];
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~state;
}

std::uint32_t with(Crc32cKernel kernel, const std::uint8_t* data, std::size_t length) {
  return ~kernel(~0U, data, length);
}

// RFC 3720, B.4.
void publishedVectors() {
  std::uint8_t zeros[32] = {};
  std::uint8_t ones[32];
  std::uint8_t up[32];
  std::uint8_t down[32];
  for (std::uint8_t i = 0; i < 32; ++i) {
    ones[i] = 0xff;
    up[i] = i;
    down[i] = static_cast<std::uint8_t>(31 - i);
  }
  const std::uint8_t scsiRead[48] = {0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
                                     0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
                                     0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0};
  for (const auto& variant : tensorbundle::crc32cVariants()) {
    CHECK(with(variant.kernel, zeros, 32) == 0x8a9136aa);
    CHECK(with(variant.kernel, ones, 32) == 0x62a8ab43);
    CHECK(with(variant.kernel, up, 32) == 0x46dd794e);
    CHECK(with(variant.kernel, down, 32) == 0x113fdb5c);
    CHECK(with(variant.kernel, scsiRead, 48) == 0xd9963a56);
    CHECK(with(variant.kernel, reinterpret_cast<const std::uint8_t*>("123456789"), 9) == 0xe3069283);
    CHECK(with(variant.kernel, nullptr, 0) == 0);
  }
}

void everyLength() {
  check::Random random(1);
  const auto data = random.bytes(3000);
  for (std::size_t length = 0; length <= 2500; length += length < 1200 ? 1 : 7) {
    const std::size_t start = length % 64;
    const std::uint32_t expected = reference(data.data() + start, length);
    for (const auto& variant : tensorbundle::crc32cVariants()) {
      CHECK(with(variant.kernel, data.data() + start, length) == expected);
    }
  }
}

void randomPiecesAndAlignments() {
  check::Random random(2);
  const auto data = random.bytes(200000);
  for (int round = 0; round < 60; ++round) {
    const std::size_t start = random.below(64);
    const std::size_t length = random.below(data.size() - start);
    // An exact copy at a random alignment, so that reading past an end is seen by the sanitizers.
    std::vector<std::uint8_t> exact(data.begin() + static_cast<std::ptrdiff_t>(start),
                                    data.begin() + static_cast<std::ptrdiff_t>(start + length));
    const std::uint32_t expected = with(tensorbundle::crc32cPortable, exact.data(), length);
    for (const auto& variant : tensorbundle::crc32cVariants()) {
      std::uint32_t state = ~0U;
      for (std::size_t done = 0; done < length;) {
        const std::size_t part = std::min<std::size_t>(length - done, random.below(30000));
        state = variant.kernel(state, exact.data() + done, part);
        done += part;
      }
      CHECK(~state == expected);
    }
  }
}

// Around the sizes of the largest blocks, whose parts are moved by factors of their own.
void longData() {
  check::Random random(4);
  const auto data = random.bytes(600000);
  const auto seed = static_cast<std::uint32_t>(random.next());
  for (const std::size_t length : {261600U, 261696U, 261700U, 262016U, 262144U, 523400U, 524288U, 599937U}) {
    const std::size_t start = length % 63;
    const std::uint32_t expected = tensorbundle::crc32cPortable(seed, data.data() + start, length);
    for (const auto& variant : tensorbundle::crc32cVariants()) {
      CHECK(variant.kernel(seed, data.data() + start, length) == expected);
    }
  }
}

void combination() {
  check::Random random(3);
  const tensorbundle::Crc32c crc32c;
  for (int round = 0; round < 300; ++round) {
    const auto data = random.bytes(random.below(5000));
    const std::size_t cut = data.empty() ? 0 : random.below(data.size() + 1);
    const std::uint32_t a = crc32c.extend(0, data.data(), cut);
    const std::uint32_t b = crc32c.extend(0, data.data() + cut, data.size() - cut);
    CHECK(tensorbundle::crc32cCombine(a, b, data.size() - cut) == crc32c.extend(0, data.data(), data.size()));
  }
  // Lengths that cannot be tried with data: combining is associative over them.
  for (int round = 0; round < 300; ++round) {
    const auto a = static_cast<std::uint32_t>(random.next());
    const auto b = static_cast<std::uint32_t>(random.next());
    const auto c = static_cast<std::uint32_t>(random.next());
    const std::uint64_t lengthB = random.next() >> (11 + random.below(50));
    const std::uint64_t lengthC = random.next() >> (11 + random.below(50));
    const std::uint32_t left = tensorbundle::crc32cCombine(tensorbundle::crc32cCombine(a, b, lengthB), c, lengthC);
    const std::uint32_t right =
        tensorbundle::crc32cCombine(a, tensorbundle::crc32cCombine(b, c, lengthC), lengthB + lengthC);
    CHECK(left == right);
  }
}

void selection() {
  tensorbundle::Crc32c crc32c;
  CHECK(!crc32c.select("none"));
  for (const auto& variant : tensorbundle::crc32cVariants()) CHECK(crc32c.select(variant.name));
  CHECK(std::strcmp(tensorbundle::crc32cVariants().back().name, "portable") == 0);
}

}  // namespace

void check::crc32cCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"crc32c: published vectors", publishedVectors},
                               {"crc32c: every length against the definition", everyLength},
                               {"crc32c: random pieces and alignments", randomPiecesAndAlignments},
                               {"crc32c: long data", longData},
                               {"crc32c: combination", combination},
                               {"crc32c: selection", selection}});
}
