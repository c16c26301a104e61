// Directories and small files: one function for each call of the JavaScript contract, on one of the pool's threads.
// Names are single components below an open directory, so nothing can be redirected by renaming a parent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/descriptor.h"
#include "engine/file_operations.h"
#include "engine/status.h"

namespace tensorbundle {

// `permissions` of a file to be created: these exact ones, or -1 for what the umask leaves of 0666.
constexpr int kDefaultPermissions = -1;

Status openDirectory(const std::shared_ptr<FileOperations>& operations, const std::string& path,
                     std::shared_ptr<Descriptor>* result);
// A directory in an open one; "." is that one itself, with a lock and a position of its own.
Status openDirectoryAt(const Descriptor& parent, const std::string& name, std::shared_ptr<Descriptor>* result);
// `made` is false if something is there already.
Status makeDirectoryAt(const Descriptor& parent, const std::string& name, bool* made);
// Null in `result` if there is no such file (modes kRead and kLock).
Status openFile(const Descriptor& directory, const std::string& name, OpenMode mode, int permissions,
                std::shared_ptr<Descriptor>* result);
Status statHandle(const Descriptor& handle, FileStat* stat);
// `found` is false if there is no such name.
Status statName(const Descriptor& directory, const std::string& name, bool follow, FileStat* stat, bool* found);
Status listNames(const Descriptor& directory, std::vector<std::string>* names);
Status renameName(const Descriptor& directory, const std::string& from, const std::string& to);
Status unlinkName(const Descriptor& directory, const std::string& name, bool* existed);
Status tryLock(const Descriptor& handle, bool shared, bool* locked);
Status unlock(const Descriptor& handle);
Status setPermissions(const Descriptor& handle, std::uint32_t permissions);
Status freeSpace(const Descriptor& directory, std::uint64_t* bytes);

// The bytes of a whole file, allocated only after its size was compared with a limit.
struct Contents {
  std::unique_ptr<std::uint8_t[]> bytes;
  std::size_t size = 0;
};
// Writes everything, and then asks what a close would say: NFS and FUSE report a full disk or quota only there. The
// descriptor stays open, and with it the lock.
Status writeAll(const Descriptor& file, const void* from, std::size_t length);
Status readAll(const Descriptor& file, std::uint64_t maxBytes, Contents* contents);

}  // namespace tensorbundle
