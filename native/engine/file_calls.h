// Directories and small files: one function for each call of the JavaScript contract. They run on the pool's threads. A
// name is a single component below an open directory, so renaming a parent cannot redirect a call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/descriptor.h"
#include "engine/file_operations.h"
#include "engine/status.h"

namespace tensorbundle {

// `permissions` of a new file: either exact ones, or this value, which means what the umask leaves of 0666.
constexpr int kDefaultPermissions = -1;

Status openDirectory(const std::shared_ptr<FileOperations>& operations, const std::string& path,
                     std::shared_ptr<Descriptor>* result);
// Opens a directory in an open one. "." opens that directory again, with its own lock and position.
Status openDirectoryAt(const Descriptor& parent, const std::string& name, std::shared_ptr<Descriptor>* result);
// `made` is false if something is there already.
Status makeDirectoryAt(const Descriptor& parent, const std::string& name, bool* made);
// `result` becomes null if there is no such file (modes kRead and kLock).
Status openFile(const Descriptor& directory, const std::string& name, OpenMode mode, int permissions,
                std::shared_ptr<Descriptor>* result);
Status statHandle(const Descriptor& handle, FileStat* stat);
// `found` is false if there is no such name.
Status statName(const Descriptor& directory, const std::string& name, bool follow, FileStat* stat, bool* found);
Status listNames(const Descriptor& directory, std::vector<std::string>* names);
Status renameName(const Descriptor& directory, const std::string& from, const std::string& to);
// Each name gets what the other one had.
Status exchangeNames(const Descriptor& directory, const std::string& one, const std::string& other);
Status unlinkName(const Descriptor& directory, const std::string& name, bool* existed);
// An empty directory.
Status removeDirectoryAt(const Descriptor& parent, const std::string& name, bool* existed);
Status tryLock(const Descriptor& handle, bool shared, bool* locked);
Status unlock(const Descriptor& handle);
Status setPermissions(const Descriptor& handle, std::uint32_t permissions);
Status freeSpace(const Descriptor& directory, std::uint64_t* bytes);

// The bytes of a whole file. They are allocated only after its size was compared with a limit.
struct Contents {
  std::unique_ptr<std::uint8_t[]> bytes;
  std::size_t size = 0;
};
// Writes everything, and then closes a duplicate of the descriptor: NFS and FUSE report a full disk or quota only at a
// close. The descriptor stays open, and so the lock is kept.
Status writeAll(const Descriptor& file, const void* from, std::size_t length);
Status readAll(const Descriptor& file, std::uint64_t maxBytes, Contents* contents);
// The first bytes of a file, at most `most`; fewer if the file ends earlier.
Status readStart(const Descriptor& file, std::size_t most, Contents* contents);

}  // namespace tensorbundle
