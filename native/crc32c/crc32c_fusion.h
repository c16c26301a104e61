// What the kernels with carry-less multiplication have in common. A source defines TENSORBUNDLE_FUSION_TARGET, the
// attribute of functions that may use its instructions, then includes this file, and gives Fusion a `Machine` of its
// own.
//
// Folding: four accumulators move forward over the data side by side. Each has one or more lanes of 128 bits, and each
// lane is a remainder of its own. At the end all are folded into one lane, which the crc32 instruction reduces. A lane
// is A = lo x^64 + hi (reflected: the low quadword holds the higher powers). Moving it forward by D bits is
// lo x^(D+64) + hi x^D, so the factors are those of D + 63 and D - 1.
//
// Fusion: the carry-less multiplier is the bottleneck of folding, and the crc32 instruction runs on another port.
// Therefore long data is split: one part is folded, and at the same time three streams of crc32 process the other.
//
// A Machine has:
//   Register                      the type in which the crc32 instruction takes and gives the register
//   Lanes                         an accumulator
//   kStream                       bytes that each stream of crc32 processes in a step: 24 or more, a multiple of 8
//   load(data), zero()            Lanes
//   place(state)                  Lanes that are zero but for the register, in the first four bytes
//   add(a, b)                     the sum of two Lanes
//   move<kBytes>(lanes, data)     `lanes` moved forward by that many bytes, plus `data`
//   reduce(lanes)                 the register after the bytes that `lanes` represents
//   crc(state, data)              the register after 8 bytes
//   shift<kBytes>(state)          the register after that many zero bytes
//   keepOrder(…)                  no code; what uses its arguments after it stays after what made them. Without it,
//                                 compilers put all instructions of a kind side by side (0.9 of the speed)
#pragma once

#include <cstddef>
#include <cstdint>

namespace tensorbundle {

template <class Machine>
class Fusion {
  using Register = typename Machine::Register;
  using Lanes = typename Machine::Lanes;
  static constexpr std::size_t kWidth = sizeof(Lanes);
  static constexpr std::size_t kFolded = 4 * kWidth;
  static constexpr std::size_t kStream = Machine::kStream;
  static_assert(kStream % 8 == 0 && kStream >= 24);

 public:
  // Processes as many blocks of kSteps steps as there are. In a block, the data of the three streams comes first.
  template <std::size_t kSteps>
  TENSORBUNDLE_FUSION_TARGET static std::uint32_t blocks(std::uint32_t state, const std::uint8_t*& data,
                                                         std::size_t& length) {
    constexpr std::size_t kOneStream = kSteps * kStream;
    constexpr std::size_t kAllFolded = kSteps * kFolded;
    constexpr std::size_t kBlock = 3 * kOneStream + kAllFolded;
    for (; length >= kBlock; data += kBlock, length -= kBlock) {
      const std::uint8_t* stream = data;
      const std::uint8_t* folded = data + 3 * kOneStream;
      const std::uint8_t* const end = data + kBlock;
      Register first = state;
      Register second = 0;
      Register third = 0;
      Lanes a0 = Machine::zero();
      Lanes a1 = a0;
      Lanes a2 = a0;
      Lanes a3 = a0;
      for (; folded != end; stream += kStream, folded += kFolded) {
        a0 = Machine::template move<kFolded>(a0, Machine::load(folded));
        advance<kOneStream, 0, 8>(&first, &second, &third, stream);
        Machine::keepOrder(&first, &second, &third, &a1);
        a1 = Machine::template move<kFolded>(a1, Machine::load(folded + kWidth));
        advance<kOneStream, 8, 16>(&first, &second, &third, stream);
        Machine::keepOrder(&first, &second, &third, &a2);
        a2 = Machine::template move<kFolded>(a2, Machine::load(folded + 2 * kWidth));
        advance<kOneStream, 16, 24>(&first, &second, &third, stream);
        Machine::keepOrder(&first, &second, &third, &a3);
        a3 = Machine::template move<kFolded>(a3, Machine::load(folded + 3 * kWidth));
        advance<kOneStream, 24, kStream>(&first, &second, &third, stream);
      }
      state = Machine::template shift<2 * kOneStream + kAllFolded>(first) ^
              Machine::template shift<kOneStream + kAllFolded>(second) ^ Machine::template shift<kAllFolded>(third) ^
              Machine::reduce(join(a0, a1, a2, a3));
    }
    return state;
  }

  // Folds as many whole accumulators as there are, if that are at least four.
  TENSORBUNDLE_FUSION_TARGET static std::uint32_t fold(std::uint32_t state, const std::uint8_t*& data,
                                                       std::size_t& length) {
    if (length < kFolded) return state;
    Lanes a0 = Machine::add(Machine::load(data), Machine::place(state));
    Lanes a1 = Machine::load(data + kWidth);
    Lanes a2 = Machine::load(data + 2 * kWidth);
    Lanes a3 = Machine::load(data + 3 * kWidth);
    for (data += kFolded, length -= kFolded; length >= kFolded; data += kFolded, length -= kFolded) {
      a0 = Machine::template move<kFolded>(a0, Machine::load(data));
      a1 = Machine::template move<kFolded>(a1, Machine::load(data + kWidth));
      a2 = Machine::template move<kFolded>(a2, Machine::load(data + 2 * kWidth));
      a3 = Machine::template move<kFolded>(a3, Machine::load(data + 3 * kWidth));
    }
    Lanes lanes = join(a0, a1, a2, a3);
    for (; length >= kWidth; data += kWidth, length -= kWidth) {
      lanes = Machine::template move<kWidth>(lanes, Machine::load(data));
    }
    return Machine::reduce(lanes);
  }

 private:
  // The three streams over the bytes from kAt to kEnd of their step. Not a loop: as one, it costs up to a fifth of the
  // speed, and compilers unroll it or not as they like.
  template <std::size_t kOneStream, std::size_t kAt, std::size_t kEnd>
  TENSORBUNDLE_FUSION_TARGET static void advance(Register* first, Register* second, Register* third,
                                                 const std::uint8_t* stream) {
    if constexpr (kAt < kEnd) {
      *first = Machine::crc(*first, stream + kAt);
      *second = Machine::crc(*second, stream + kOneStream + kAt);
      *third = Machine::crc(*third, stream + 2 * kOneStream + kAt);
      advance<kOneStream, kAt + 8, kEnd>(first, second, third, stream);
    }
  }

  // Joins four neighbouring accumulators into one.
  TENSORBUNDLE_FUSION_TARGET static Lanes join(Lanes a0, Lanes a1, Lanes a2, Lanes a3) {
    return Machine::template move<kWidth>(Machine::template move<2 * kWidth>(a0, a2),
                                          Machine::template move<2 * kWidth>(a1, a3));
  }
};

}  // namespace tensorbundle
