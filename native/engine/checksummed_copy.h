// Copies bytes and checksums the copy, in one pass. The copy stays in the caches, where the thread that writes it to a
// file finds it (measured: past the caches the copy takes the same time, and the write a quarter longer).
#pragma once

#include <cstddef>
#include <cstdint>

#include "crc32c/crc32c.h"

namespace tensorbundle {

// As memcpy. Gives the CRC32C of what `crc` covers, followed by the bytes that `into` has afterwards, whatever happens
// to `from` meanwhile.
std::uint32_t checksummedCopy(void* into, const void* from, std::size_t size, const Crc32c& crc32c, std::uint32_t crc);

}  // namespace tensorbundle
