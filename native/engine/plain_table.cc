#include "engine/plain_table.h"

#include <algorithm>
#include <cstring>

namespace tensorbundle {
namespace {

// As in src/format/table-format.ts, but keys may not expand as far.
constexpr std::size_t kTrailerBytes = 5;
constexpr std::size_t kFooterBytes = 48;
constexpr std::size_t kFooterHandleBytes = 40;
constexpr std::uint8_t kMagic[] = {0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb};
constexpr std::size_t kRestartInterval = 16;
constexpr std::size_t kMaxKeyLength = 16383;
constexpr std::size_t kMaxKeyExpansion = 8;
constexpr std::size_t kMinEntryBytes = 8;
constexpr std::size_t kSlackBytes = 1 << 20;
constexpr std::size_t kSlackEntries = 1024;

std::uint32_t fixed32(const std::uint8_t* at) {
  return at[0] | at[1] << 8 | at[2] << 16 | static_cast<std::uint32_t>(at[3]) << 24;
}

std::uint32_t unmasked(std::uint32_t crc) {
  const std::uint32_t rotated = crc - 0xa282ead8U;
  return rotated >> 17 | rotated << 15;
}

// A part of the file that is read from front to back.
struct Span {
  const std::uint8_t* at;
  const std::uint8_t* end;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }

  // A number below 2^32 in its shortest form.
  bool varint(std::size_t* value) {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 35 && at < end; shift += 7) {
      const std::uint8_t byte = *at++;
      result |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      *value = static_cast<std::size_t>(result);
      return result <= 0xffffffff && (byte != 0 || shift == 0);
    }
    return false;
  }
};

struct Handle {
  std::size_t offset = 0;
  std::size_t size = 0;

  bool read(Span* from) { return from->varint(&offset) && from->varint(&size); }
};

struct Entry {
  std::size_t shared = 0;
  const std::uint8_t* suffix = nullptr;
  std::size_t suffixLength = 0;
  const std::uint8_t* value = nullptr;
  std::size_t valueLength = 0;
};

// The entries of a block, and its restarts, which must be `interval` entries apart.
class Block {
 public:
  Block(const std::uint8_t* bytes, std::size_t size, std::size_t interval) : start_(bytes), interval_(interval) {
    if (size < 8) return;
    const std::size_t count = fixed32(bytes + size - 4);
    if (count == 0 || count > (size - 4) / 4) return;
    restarts_ = bytes + size - 4 * (count + 1);
    rest_ = {bytes, restarts_};
    count_ = count;
  }

  // No block, or the end of one, is told from an entry by `isOver`.
  bool isOver() const { return count_ > 0 && rest_.left() == 0; }

  bool next(Entry* entry) {
    if (count_ == 0) return false;
    const bool isRestart = entries_ % interval_ == 0;
    const std::size_t restart = entries_ / interval_;
    if (isRestart && (restart >= count_ || !isAt(restart, rest_.at))) return false;
    entries_++;
    const bool isRead =
        rest_.varint(&entry->shared) && rest_.varint(&entry->suffixLength) && rest_.varint(&entry->valueLength);
    if (!isRead || (isRestart && entry->shared != 0)) return false;
    if (entry->suffixLength > rest_.left() || entry->valueLength > rest_.left() - entry->suffixLength) return false;
    entry->suffix = rest_.at;
    entry->value = rest_.at + entry->suffixLength;
    rest_.at = entry->value + entry->valueLength;
    return true;
  }

  // At the end: whether there are no more restarts than entries need. A block without entries has one, at 0.
  bool isRegular() const {
    if (entries_ == 0) return count_ == 1 && isAt(0, start_);
    return count_ == (entries_ + interval_ - 1) / interval_;
  }

  std::size_t entries() const { return entries_; }

 private:
  bool isAt(std::size_t restart, const std::uint8_t* place) const {
    return fixed32(restarts_ + 4 * restart) == static_cast<std::size_t>(place - start_);
  }

  const std::uint8_t* start_;
  std::size_t interval_;
  const std::uint8_t* restarts_ = nullptr;
  std::size_t count_ = 0;
  std::size_t entries_ = 0;
  Span rest_{nullptr, nullptr};
};

int compare(const std::uint8_t* a, std::size_t aLength, const std::uint8_t* b, std::size_t bLength) {
  const std::size_t common = std::min(aLength, bLength);
  const int order = common == 0 ? 0 : std::memcmp(a, b, common);
  if (order != 0) return order;
  return aLength < bLength ? -1 : static_cast<int>(aLength > bLength);
}

class Reader {
 public:
  Reader(const std::uint8_t* bytes, std::size_t size, const Crc32c& crc32c, PlainTable* table)
      : bytes_(bytes), size_(size), crc32c_(crc32c), table_(*table) {}

  bool read() {
    if (size_ < kFooterBytes || size_ > kMaxPlainTable) return false;
    limit_ = size_ - kFooterBytes;
    Handle metaindex;
    Handle index;
    if (!readFooter(&metaindex, &index)) return false;
    // Nothing but blocks, one after another: data, metaindex, index.
    if (!isBlock(metaindex) || !isBlock(index) || index.offset + index.size + kTrailerBytes != limit_) return false;
    if (metaindex.offset + metaindex.size + kTrailerBytes != index.offset) return false;
    Block empty(bytes_ + metaindex.offset, metaindex.size, kRestartInterval);
    if (!empty.isOver() || !empty.isRegular()) return false;
    Block blocks(bytes_ + index.offset, index.size, 1);
    std::size_t end = 0;
    Entry separator;
    while (!blocks.isOver()) {
      Handle handle;
      if (!blocks.next(&separator) || separator.suffixLength > kMaxKeyLength) return false;
      Span value{separator.value, separator.value + separator.valueLength};
      if (!handle.read(&value) || value.left() > 0 || handle.offset != end || !readBlock(handle, separator))
        return false;
      end = handle.offset + handle.size + kTrailerBytes;
    }
    return blocks.isRegular() && blocks.entries() > 0 && end == metaindex.offset;
  }

 private:
  bool readFooter(Handle* metaindex, Handle* index) const {
    const std::uint8_t* magic = bytes_ + limit_ + kFooterHandleBytes;
    Span footer{bytes_ + limit_, magic};
    return std::memcmp(magic, kMagic, sizeof kMagic) == 0 && metaindex->read(&footer) && index->read(&footer) &&
           std::all_of(footer.at, footer.end, [](std::uint8_t byte) { return byte == 0; });
  }

  // Whether there is an uncompressed block with the checksum that it should have.
  bool isBlock(const Handle& handle) const {
    if (handle.offset > limit_ || limit_ - handle.offset < kTrailerBytes) return false;
    if (handle.size > limit_ - handle.offset - kTrailerBytes) return false;
    const std::uint8_t* block = bytes_ + handle.offset;
    return block[handle.size] == 0 &&
           crc32c_.extend(0, block, handle.size + 1) == unmasked(fixed32(block + handle.size + 1));
  }

  // `separator` is the entry of the index block: its key is not below the keys of this block, and below all others.
  bool readBlock(const Handle& handle, const Entry& separator) {
    if (!isBlock(handle)) return false;
    Block block(bytes_ + handle.offset, handle.size, kRestartInterval);
    Entry entry;
    while (!block.isOver()) {
      if (!block.next(&entry) || !take(entry)) return false;
      const bool isFirst = block.entries() == 1;
      if (isFirst && separator_ && !isBelow(separator_, separatorLength_)) return false;
    }
    separator_ = separator.suffix;
    separatorLength_ = separator.suffixLength;
    return block.isRegular() && block.entries() > 0 && compare(separator_, separatorLength_, last(), lastLength_) >= 0;
  }

  const std::uint8_t* last() const { return table_.keys.data() + table_.keys.size() - lastLength_; }

  bool isBelow(const std::uint8_t* key, std::size_t length) const {
    return compare(key, length, last(), lastLength_) < 0;
  }

  bool take(const Entry& entry) {
    std::vector<std::uint8_t>& keys = table_.keys;
    const std::size_t length = entry.shared + entry.suffixLength;
    const bool isFirst = table_.keyEnds.empty();
    if (entry.shared > lastLength_ || length > kMaxKeyLength) return false;
    const std::size_t most = std::min(kMaxPlainKeys, kMaxKeyExpansion * size_ + kSlackBytes);
    if (keys.size() + length > most) return false;
    if (table_.keyEnds.size() >= size_ / kMinEntryBytes + kSlackEntries) return false;
    // Keys rise: what follows the shared part is compared.
    const bool rises = compare(last() + entry.shared, lastLength_ - entry.shared, entry.suffix, entry.suffixLength) < 0;
    if (!isFirst && !rises) return false;
    const std::size_t before = keys.size() - lastLength_;
    const std::size_t start = keys.size();
    keys.resize(start + length);
    std::uint8_t* key = keys.data() + start;
    if (entry.shared > 0) std::memcpy(key, keys.data() + before, entry.shared);
    if (entry.suffixLength > 0) std::memcpy(key + entry.shared, entry.suffix, entry.suffixLength);
    std::uint8_t all = 0;
    bool hasNul = false;
    for (std::size_t i = 0; i < length; ++i) {
      all |= key[i];
      hasNul |= key[i] == 0;
    }
    table_.ascii.push_back(static_cast<std::uint8_t>(all < 0x80));
    table_.isText = table_.isText && all < 0x80 && !hasNul;
    table_.keyEnds.push_back(static_cast<std::uint32_t>(keys.size()));
    const auto valueStart = static_cast<std::uint32_t>(entry.value - bytes_);
    table_.valueStarts.push_back(valueStart);
    table_.valueEnds.push_back(valueStart + static_cast<std::uint32_t>(entry.valueLength));
    lastLength_ = length;
    return true;
  }

  const std::uint8_t* bytes_;
  std::size_t size_;
  const Crc32c& crc32c_;
  PlainTable& table_;
  std::size_t limit_ = 0;
  std::size_t lastLength_ = 0;
  const std::uint8_t* separator_ = nullptr;
  std::size_t separatorLength_ = 0;
};

}  // namespace

bool readPlainTable(const std::uint8_t* bytes, std::size_t size, const Crc32c& crc32c, PlainTable* table) {
  return Reader(bytes, size, crc32c, table).read();
}

}  // namespace tensorbundle
