#include "engine/file_calls.h"

#include <new>

#include "engine/transfer.h"

namespace tensorbundle {
namespace {

// EINVAL for anything that is not one component of a path: '..' would leave the directory that the caller holds open.
Status checkName(const Descriptor& directory, const std::string& name, const char* syscall) {
  const bool good = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
                    name.find('\0') == std::string::npos;
  return good ? Status{} : Status::failure(Error::kEINVAL, syscall, directory.pathOf(name));
}

Status checkPath(const std::string& path, const char* syscall) {
  const bool good = !path.empty() && path.find('\0') == std::string::npos;
  return good ? Status{} : Status::failure(path.empty() ? Error::kENOENT : Error::kEINVAL, syscall, path);
}

// The file system has no permissions, or the file belongs to another user there. It then decides the permissions
// itself.
bool refusesPermissions(Error error) {
  return error == Error::kEPERM || error == Error::kENOSYS || error == Error::kEOPNOTSUPP || error == Error::kENOTSUP;
}

// Gives a new file exactly the wanted permissions, if the file system allows it. The file was created with them less
// the umask, so after a refusal it has fewer of them, never more.
Status setNewFilesPermissions(const Descriptor& directory, const std::string& name, const Descriptor& file,
                              int permissions) {
  if (permissions == kDefaultPermissions) return {};
  Status status = setPermissions(file, static_cast<std::uint32_t>(permissions));
  if (!status.ok() && refusesPermissions(status.error)) return {};
  if (!status.ok()) directory.operations()->unlink(directory.file(), name.c_str());
  return status;
}

// EISDIR for a directory where a lock file should be: a directory under that name is never held as a lock.
Status checkType(const Descriptor& file, OpenMode mode) {
  FileStat info;
  Status status = statHandle(file, &info);
  if (!status.ok()) return status;
  const bool isDirectory = info.kind == FileStat::Kind::kDirectory;
  if (isDirectory && mode == OpenMode::kLock) return Status::failure(Error::kEISDIR, "open", file.path());
  const bool good = info.kind == FileStat::Kind::kFile || isDirectory;
  return good ? Status{} : Status::wrongType(file.path());
}

}  // namespace

Status openDirectory(const std::shared_ptr<FileOperations>& operations, const std::string& path,
                     std::shared_ptr<Descriptor>* result) {
  Status status = checkPath(path, "open");
  if (!status.ok()) return status;
  const Result file = uninterrupted([&] { return operations->openDirectory(path.c_str()); });
  if (file < 0) return Status::failure(errorOf(file), "open", path);
  *result = std::make_shared<Descriptor>(operations, file, path);
  return {};
}

Status openDirectoryAt(const Descriptor& parent, const std::string& name, std::shared_ptr<Descriptor>* result) {
  const bool itself = name == ".";
  Status status = itself ? Status{} : checkName(parent, name, "open");
  if (!status.ok()) return status;
  const auto& operations = parent.operations();
  std::string path = itself ? parent.path() : parent.pathOf(name);
  const Result file = uninterrupted([&] { return operations->openDirectoryAt(parent.file(), name.c_str()); });
  if (file < 0) return Status::failure(errorOf(file), "open", std::move(path));
  *result = std::make_shared<Descriptor>(operations, file, std::move(path));
  return {};
}

Status makeDirectoryAt(const Descriptor& parent, const std::string& name, bool* made) {
  Status status = checkName(parent, name, "mkdir");
  if (!status.ok()) return status;
  const Result done =
      uninterrupted([&] { return parent.operations()->makeDirectoryAt(parent.file(), name.c_str(), 0777); });
  *made = done >= 0;
  return done >= 0 || done == failed(Error::kEEXIST) ? Status{}
                                                     : Status::failure(errorOf(done), "mkdir", parent.pathOf(name));
}

Status openFile(const Descriptor& directory, const std::string& name, OpenMode mode, int permissions,
                std::shared_ptr<Descriptor>* result) {
  result->reset();
  Status status = checkName(directory, name, "open");
  if (!status.ok()) return status;
  const auto& operations = directory.operations();
  const auto created = static_cast<std::uint32_t>(permissions == kDefaultPermissions ? 0666 : permissions & 0777);
  std::string path = directory.pathOf(name);
  const Result file = uninterrupted([&] { return operations->openAt(directory.file(), name.c_str(), mode, created); });
  if (file == failed(Error::kENOENT) && mode != OpenMode::kCreate) return {};
  // It is a socket, or a device without a driver.
  if (file == failed(Error::kENXIO)) return Status::wrongType(std::move(path));
  if (file < 0) return Status::failure(errorOf(file), "open", std::move(path));
  auto opened = std::make_shared<Descriptor>(operations, file, std::move(path));
  status = mode == OpenMode::kCreate ? setNewFilesPermissions(directory, name, *opened, permissions)
                                     : checkType(*opened, mode);
  if (status.ok()) *result = std::move(opened);
  return status;
}

Status statHandle(const Descriptor& handle, FileStat* stat) {
  const Result done = uninterrupted([&] { return handle.operations()->stat(handle.file(), stat); });
  return done < 0 ? Status::failure(errorOf(done), "stat", handle.path()) : Status{};
}

Status statName(const Descriptor& directory, const std::string& name, bool follow, FileStat* stat, bool* found) {
  *found = false;
  Status status = checkName(directory, name, "stat");
  if (!status.ok()) return status;
  const Result done =
      uninterrupted([&] { return directory.operations()->statAt(directory.file(), name.c_str(), follow, stat); });
  if (done == failed(Error::kENOENT)) return {};
  if (done < 0) return Status::failure(errorOf(done), "stat", directory.pathOf(name));
  *found = true;
  return {};
}

Status listNames(const Descriptor& directory, std::vector<std::string>* names) {
  const Result done = uninterrupted([&] {
    names->clear();
    return directory.operations()->list(directory.file(), names);
  });
  return done < 0 ? Status::failure(errorOf(done), "readdir", directory.path()) : Status{};
}

Status renameName(const Descriptor& directory, const std::string& from, const std::string& to) {
  Status status = checkName(directory, from, "rename");
  if (status.ok()) status = checkName(directory, to, "rename");
  if (!status.ok()) return status;
  const Result done =
      uninterrupted([&] { return directory.operations()->rename(directory.file(), from.c_str(), to.c_str()); });
  return done < 0 ? Status::failure(errorOf(done), "rename", directory.pathOf(from)) : Status{};
}

Status exchangeNames(const Descriptor& directory, const std::string& one, const std::string& other) {
  Status status = checkName(directory, one, "renameat2");
  if (status.ok()) status = checkName(directory, other, "renameat2");
  if (!status.ok()) return status;
  // Not tried again: if an interrupted call has exchanged them, a second one would undo it.
  const Result done = directory.operations()->exchange(directory.file(), one.c_str(), other.c_str());
  return done < 0 ? Status::failure(errorOf(done), "renameat2", directory.pathOf(other)) : Status{};
}

Status unlinkName(const Descriptor& directory, const std::string& name, bool* existed) {
  *existed = false;
  Status status = checkName(directory, name, "unlink");
  if (!status.ok()) return status;
  const Result done = uninterrupted([&] { return directory.operations()->unlink(directory.file(), name.c_str()); });
  *existed = done >= 0;
  return done >= 0 || done == failed(Error::kENOENT) ? Status{}
                                                     : Status::failure(errorOf(done), "unlink", directory.pathOf(name));
}

Status removeDirectoryAt(const Descriptor& parent, const std::string& name, bool* existed) {
  *existed = false;
  Status status = checkName(parent, name, "rmdir");
  if (!status.ok()) return status;
  const Result done =
      uninterrupted([&] { return parent.operations()->removeDirectoryAt(parent.file(), name.c_str()); });
  *existed = done >= 0;
  return done >= 0 || done == failed(Error::kENOENT) ? Status{}
                                                     : Status::failure(errorOf(done), "rmdir", parent.pathOf(name));
}

Status tryLock(const Descriptor& handle, bool shared, bool* locked) {
  const Result done = uninterrupted([&] { return handle.operations()->lock(handle.file(), shared); });
  *locked = done >= 0;
  return done >= 0 || done == failed(Error::kEAGAIN) ? Status{}
                                                     : Status::failure(errorOf(done), "flock", handle.path());
}

Status unlock(const Descriptor& handle) {
  const Result done = uninterrupted([&] { return handle.operations()->unlock(handle.file()); });
  return done < 0 ? Status::failure(errorOf(done), "flock", handle.path()) : Status{};
}

Status setPermissions(const Descriptor& handle, std::uint32_t permissions) {
  const Result done =
      uninterrupted([&] { return handle.operations()->setPermissions(handle.file(), permissions & 07777); });
  return done < 0 ? Status::failure(errorOf(done), "fchmod", handle.path()) : Status{};
}

Status freeSpace(const Descriptor& directory, std::uint64_t* bytes) {
  const Result done = uninterrupted([&] { return directory.operations()->freeSpace(directory.file(), bytes); });
  return done < 0 ? Status::failure(errorOf(done), "statvfs", directory.path()) : Status{};
}

Status writeAll(const Descriptor& file, const void* from, std::size_t length) {
  Status status = writeFully(file, from, length, 0);
  if (!status.ok()) return status;
  const auto& operations = file.operations();
  const Result copy = uninterrupted([&] { return operations->duplicate(file.file()); });
  if (copy < 0) return Status::failure(errorOf(copy), "dup", file.path());
  const Result closed = operations->close(copy);
  return closed >= 0 || closed == failed(Error::kEINTR) ? Status{}
                                                        : Status::failure(errorOf(closed), "close", file.path());
}

Status readAll(const Descriptor& file, std::uint64_t maxBytes, Contents* contents) {
  FileStat info;
  Status status = statHandle(file, &info);
  if (!status.ok()) return status;
  if (info.kind == FileStat::Kind::kDirectory) return Status::failure(Error::kEISDIR, "pread", file.path());
  if (info.size > maxBytes) return Status::failure(Error::kEFBIG, "pread", file.path());
  contents->size = static_cast<std::size_t>(info.size);
  // Not initialized. A bad_alloc becomes ENOMEM at the boundary of the job.
  contents->bytes.reset(new std::uint8_t[contents->size]);
  return readFully(file, contents->bytes.get(), contents->size, 0);
}

Status readStart(const Descriptor& file, std::size_t most, Contents* contents) {
  contents->bytes.reset(new std::uint8_t[most]);
  std::size_t& size = contents->size;
  for (size = 0; size < most;) {
    const Result got = uninterrupted(
        [&] { return file.operations()->read(file.file(), contents->bytes.get() + size, most - size, size); });
    if (got < 0) return Status::failure(errorOf(got), "pread", file.path(), static_cast<std::int64_t>(size));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return {};
}

}  // namespace tensorbundle
