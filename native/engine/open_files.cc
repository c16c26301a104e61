#include "engine/open_files.h"

namespace tensorbundle {
namespace {

Status openPlace(const FilesToOpen& wanted, OpenedFiles* opened) {
  std::shared_ptr<Descriptor> directory = wanted.directory;
  Status status = directory ? Status{} : openDirectory(wanted.operations, wanted.path, &directory);
  if (status.ok()) status = statHandle(*directory, &opened->directoryStat);
  if (status.ok()) opened->directory = std::move(directory);
  return status;
}

Status openOne(const Descriptor& directory, const std::string& name, OpenedFiles::File* file) {
  Status status = openFile(directory, name, OpenMode::kRead, kDefaultPermissions, &file->descriptor);
  return status.ok() && file->descriptor ? statHandle(*file->descriptor, &file->stat) : status;
}

Status openAll(const FilesToOpen& wanted, OpenedFiles* opened) {
  Status status = openPlace(wanted, opened);
  if (!status.ok()) return status;
  const Descriptor& directory = *opened->directory;
  for (const std::string& name : wanted.names) {
    OpenedFiles::File file;
    status = openOne(directory, name, &file);
    if (!status.ok()) return status;
    const bool isFirst = opened->files.empty();
    const bool isUseful =
        file.descriptor && file.stat.kind == FileStat::Kind::kFile && (!isFirst || file.stat.size <= wanted.readAtMost);
    if (isFirst && isUseful) status = readAll(*file.descriptor, wanted.readAtMost, &opened->contents);
    if (!status.ok()) return status;
    opened->files.push_back(std::move(file));
    if (!isUseful) return {};
  }
  status = statName(directory, wanted.names.front(), true, &opened->now, &opened->isNamed);
  if (!status.ok()) return status;
  // Only now: while the first file is open, its number is not given to another file.
  opened->isWhole = true;
  if (opened->files.front().descriptor) opened->files.front().descriptor->close();
  if (!wanted.directory) opened->directory->close();
  return {};
}

}  // namespace

void openFiles(const FilesToOpen& wanted, OpenedFiles* opened) { opened->failure = openAll(wanted, opened); }

}  // namespace tensorbundle
