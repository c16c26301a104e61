#include "file_calls.h"

#include <fcntl.h>

#include <cerrno>
#include <new>

#include "transfer.h"

namespace tensorbundle {
namespace {

// EINVAL for anything that is not one component of a path: '..' would leave the directory that the caller holds open.
Status checkName(const Descriptor& directory, const std::string& name, const char* syscall) {
  const bool good = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
                    name.find('\0') == std::string::npos;
  return good ? Status{} : Status::failure(EINVAL, syscall, directory.pathOf(name));
}

Status checkPath(const std::string& path, const char* syscall) {
  const bool good = !path.empty() && path.find('\0') == std::string::npos;
  return good ? Status{} : Status::failure(path.empty() ? ENOENT : EINVAL, syscall, path);
}

FileInfo describe(const struct stat& raw) {
  FileInfo info;
  info.device = static_cast<std::uint64_t>(raw.st_dev);
  info.inode = static_cast<std::uint64_t>(raw.st_ino);
  if (S_ISREG(raw.st_mode)) info.kind = FileInfo::Kind::kFile;
  if (S_ISDIR(raw.st_mode)) info.kind = FileInfo::Kind::kDirectory;
  if (S_ISLNK(raw.st_mode)) info.kind = FileInfo::Kind::kSymlink;
  info.size = raw.st_size < 0 ? 0 : static_cast<std::uint64_t>(raw.st_size);
  info.mode = static_cast<std::uint32_t>(raw.st_mode) & 07777;
  info.links = static_cast<std::uint64_t>(raw.st_nlink);
#if defined(__APPLE__)
  const struct timespec& modified = raw.st_mtimespec;
#else
  const struct timespec& modified = raw.st_mtim;
#endif
  info.modifiedNanoseconds = static_cast<std::int64_t>(modified.tv_sec) * 1000000000 + modified.tv_nsec;
  return info;
}

int flagsOf(OpenMode mode) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end; it changes nothing for regular files.
  constexpr int kCareful = O_NONBLOCK | O_NOCTTY;
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY | kCareful;
    case OpenMode::kLock:
      return O_RDONLY | O_NOFOLLOW | kCareful;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
  }
  return O_RDONLY;
}

// A file system without permissions of its own, or one that belongs to somebody else: it has made of them what it does.
bool refusesModes(int error) { return error == EPERM || error == ENOSYS || error == EOPNOTSUPP || error == ENOTSUP; }

// Gives a new file exactly the wanted permissions, where the file system lets us: the umask has had its say when the
// file was created with them, so a refusal leaves fewer of them, never more.
Status setNewFilesMode(const Descriptor& directory, const std::string& name, const Descriptor& file, int permissions) {
  if (permissions == kDefaultPermissions) return {};
  Status status = setMode(file, static_cast<std::uint32_t>(permissions));
  if (!status.ok() && refusesModes(status.error)) return {};
  if (!status.ok()) directory.operations()->unlink(directory.file(), name.c_str());
  return status;
}

// EISDIR for a directory that was to be locked as a file: nobody ever holds one under such a name.
Status checkType(const Descriptor& file, OpenMode mode) {
  FileInfo info;
  Status status = statHandle(file, &info);
  if (!status.ok()) return status;
  const bool isDirectory = info.kind == FileInfo::Kind::kDirectory;
  if (isDirectory && mode == OpenMode::kLock) return Status::failure(EISDIR, "open", file.path());
  const bool good = info.kind == FileInfo::Kind::kFile || isDirectory;
  return good ? Status{} : Status::wrongType(file.path());
}

}  // namespace

Status openDirectory(const std::shared_ptr<FileOperations>& operations, const std::string& path,
                     std::shared_ptr<Descriptor>* result) {
  Status status = checkPath(path, "open");
  if (!status.ok()) return status;
  const int file = uninterrupted([&] { return operations->open(path.c_str(), O_RDONLY | O_DIRECTORY); });
  if (file < 0) return Status::failure(-file, "open", path);
  *result = std::make_shared<Descriptor>(operations, file, path);
  return {};
}

Status openDirectoryAt(const Descriptor& parent, const std::string& name, std::shared_ptr<Descriptor>* result) {
  const bool itself = name == ".";
  Status status = itself ? Status{} : checkName(parent, name, "open");
  if (!status.ok()) return status;
  const auto& operations = parent.operations();
  std::string path = itself ? parent.path() : parent.pathOf(name);
  const int file = uninterrupted(
      [&] { return operations->openAt(parent.file(), name.c_str(), O_RDONLY | O_DIRECTORY, 0); });
  if (file < 0) return Status::failure(-file, "open", std::move(path));
  *result = std::make_shared<Descriptor>(operations, file, std::move(path));
  return {};
}

Status makeDirectoryAt(const Descriptor& parent, const std::string& name, bool* made) {
  Status status = checkName(parent, name, "mkdir");
  if (!status.ok()) return status;
  const int done =
      uninterrupted([&] { return parent.operations()->makeDirectoryAt(parent.file(), name.c_str(), 0777); });
  *made = done >= 0;
  return done >= 0 || done == -EEXIST ? Status{} : Status::failure(-done, "mkdir", parent.pathOf(name));
}

Status openFile(const Descriptor& directory, const std::string& name, OpenMode mode, int permissions,
                std::shared_ptr<Descriptor>* result) {
  result->reset();
  Status status = checkName(directory, name, "open");
  if (!status.ok()) return status;
  const auto& operations = directory.operations();
  const mode_t created = static_cast<mode_t>(permissions == kDefaultPermissions ? 0666 : permissions & 0777);
  std::string path = directory.pathOf(name);
  const int file = uninterrupted(
      [&] { return operations->openAt(directory.file(), name.c_str(), flagsOf(mode), created); });
  if (file == -ENOENT && mode != OpenMode::kCreate) return {};
  if (file == -ENXIO) return Status::wrongType(std::move(path));  // A socket, or a device without a driver.
  if (file < 0) return Status::failure(-file, "open", std::move(path));
  auto opened = std::make_shared<Descriptor>(operations, file, std::move(path));
  status = mode == OpenMode::kCreate ? setNewFilesMode(directory, name, *opened, permissions) : checkType(*opened, mode);
  if (status.ok()) *result = std::move(opened);
  return status;
}

Status statHandle(const Descriptor& handle, FileInfo* info) {
  struct stat raw {};
  const int done = uninterrupted([&] { return handle.operations()->stat(handle.file(), &raw); });
  if (done < 0) return Status::failure(-done, "stat", handle.path());
  *info = describe(raw);
  return {};
}

Status statName(const Descriptor& directory, const std::string& name, bool follow, FileInfo* info, bool* found) {
  *found = false;
  Status status = checkName(directory, name, "stat");
  if (!status.ok()) return status;
  struct stat raw {};
  const int done = uninterrupted(
      [&] { return directory.operations()->statAt(directory.file(), name.c_str(), follow, &raw); });
  if (done == -ENOENT) return {};
  if (done < 0) return Status::failure(-done, "stat", directory.pathOf(name));
  *found = true;
  *info = describe(raw);
  return {};
}

Status listNames(const Descriptor& directory, std::vector<std::string>* names) {
  const int done = uninterrupted([&] {
    names->clear();
    return directory.operations()->list(directory.file(), names);
  });
  return done < 0 ? Status::failure(-done, "readdir", directory.path()) : Status{};
}

Status renameName(const Descriptor& directory, const std::string& from, const std::string& to) {
  Status status = checkName(directory, from, "rename");
  if (status.ok()) status = checkName(directory, to, "rename");
  if (!status.ok()) return status;
  const int done =
      uninterrupted([&] { return directory.operations()->rename(directory.file(), from.c_str(), to.c_str()); });
  return done < 0 ? Status::failure(-done, "rename", directory.pathOf(from)) : Status{};
}

Status unlinkName(const Descriptor& directory, const std::string& name, bool* existed) {
  *existed = false;
  Status status = checkName(directory, name, "unlink");
  if (!status.ok()) return status;
  const int done = uninterrupted([&] { return directory.operations()->unlink(directory.file(), name.c_str()); });
  *existed = done >= 0;
  return done >= 0 || done == -ENOENT ? Status{} : Status::failure(-done, "unlink", directory.pathOf(name));
}

Status tryLock(const Descriptor& handle, bool shared, bool* locked) {
  const int done = uninterrupted([&] { return handle.operations()->lock(handle.file(), shared); });
  *locked = done >= 0;
  return done >= 0 || done == -EWOULDBLOCK ? Status{} : Status::failure(-done, "flock", handle.path());
}

Status unlock(const Descriptor& handle) {
  const int done = uninterrupted([&] { return handle.operations()->unlock(handle.file()); });
  return done < 0 ? Status::failure(-done, "flock", handle.path()) : Status{};
}

Status setMode(const Descriptor& handle, std::uint32_t permissions) {
  const int done = uninterrupted(
      [&] { return handle.operations()->setMode(handle.file(), static_cast<mode_t>(permissions & 07777)); });
  return done < 0 ? Status::failure(-done, "fchmod", handle.path()) : Status{};
}

Status freeSpace(const Descriptor& directory, std::uint64_t* bytes) {
  const int done = uninterrupted([&] { return directory.operations()->freeSpace(directory.file(), bytes); });
  return done < 0 ? Status::failure(-done, "statvfs", directory.path()) : Status{};
}

Status writeAll(const Descriptor& file, const void* from, std::size_t length) {
  Status status = writeFully(file, from, length, 0);
  if (!status.ok()) return status;
  const auto& operations = file.operations();
  const int copy = uninterrupted([&] { return operations->duplicate(file.file()); });
  if (copy < 0) return Status::failure(-copy, "dup", file.path());
  const int closed = operations->close(copy);
  return closed >= 0 || closed == -EINTR ? Status{} : Status::failure(-closed, "close", file.path());
}

Status readAll(const Descriptor& file, std::uint64_t maxBytes, Contents* contents) {
  FileInfo info;
  Status status = statHandle(file, &info);
  if (!status.ok()) return status;
  if (info.kind == FileInfo::Kind::kDirectory) return Status::failure(EISDIR, "pread", file.path());
  if (info.size > maxBytes) return Status::failure(EFBIG, "pread", file.path());
  contents->size = static_cast<std::size_t>(info.size);
  // Without initialization, and bad_alloc becomes ENOMEM at the job's boundary.
  contents->bytes.reset(new std::uint8_t[contents->size]);
  return readFully(file, contents->bytes.get(), contents->size, 0);
}

}  // namespace tensorbundle
