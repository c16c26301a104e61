// Opens files of one directory for reading together: what would otherwise be one job per operation is done in one.
// Every operation is still a call of the table of its own, in the order in which single jobs would make them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/descriptor.h"
#include "engine/file_calls.h"
#include "engine/status.h"

namespace tensorbundle {

struct FilesToOpen {
  std::shared_ptr<FileOperations> operations;
  // Where the files are: an open directory, or the path of one, which is then opened first.
  std::shared_ptr<Descriptor> directory;
  std::string path;
  std::vector<std::string> names;
  // The first file is read whole. If it is larger, nothing after it is opened.
  std::uint64_t readAtMost = 0;
};

// What was opened before something was missing or failed.
struct OpenedFiles {
  struct File {
    // Null if there is no such file. Then nothing after it is opened.
    std::shared_ptr<Descriptor> descriptor;
    FileStat stat;
  };
  std::shared_ptr<Descriptor> directory;
  FileStat directoryStat;
  std::vector<File> files;
  // Of the first file; null if it was not read.
  Contents contents;
  // What has the name of the first file after all were opened: a file that was replaced meanwhile is another one.
  FileStat now;
  bool isNamed = false;
  // Whether everything was found. The directory and the first file, of which nothing more is needed, are closed then.
  bool isWhole = false;
  Status failure;
};

void openFiles(const FilesToOpen& wanted, OpenedFiles* opened);

}  // namespace tensorbundle
