// Directories, small files, handles and mappings on the fault table.
#include <sys/stat.h>

#include <string>

#include "check.h"
#include "engine/mapping.h"
#include "engine/transfer.h"
#include "temporary_directory.h"

namespace {

using namespace tensorbundle;
using Action = Fault::Action;

std::shared_ptr<Descriptor> create(const check::TemporaryDirectory& place, const char* name) {
  std::shared_ptr<Descriptor> file;
  CHECK_OK(openFile(*place.directory, name, OpenMode::kCreate, kDefaultPermissions, &file));
  return file;
}

void namesStayInTheDirectory() {
  const check::TemporaryDirectory place;
  std::shared_ptr<Descriptor> file;
  bool existed = false;
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("a/b"), std::string("a\0b", 3)}) {
    CHECK_CODE(openFile(*place.directory, name, OpenMode::kCreate, kDefaultPermissions, &file), "EINVAL");
    CHECK_CODE(unlinkName(*place.directory, name, &existed), "EINVAL");
    CHECK_CODE(renameName(*place.directory, "x", name), "EINVAL");
  }
}

void opening() {
  check::TemporaryDirectory place;
  std::shared_ptr<Descriptor> file;
  CHECK_OK(openFile(*place.directory, "absent", OpenMode::kRead, kDefaultPermissions, &file));
  CHECK(!file);
  create(place, "there");
  CHECK_CODE(openFile(*place.directory, "there", OpenMode::kCreate, kDefaultPermissions, &file), "EEXIST");
  CHECK(::mkfifo((place.path + "/fifo").c_str(), 0600) == 0);
  CHECK_CODE(openFile(*place.directory, "fifo", OpenMode::kRead, kDefaultPermissions, &file), "EFTYPE");
  CHECK(::symlink("there", (place.path + "/link").c_str()) == 0);
  CHECK_OK(openFile(*place.directory, "link", OpenMode::kRead, kDefaultPermissions, &file));
  CHECK_CODE(openFile(*place.directory, "link", OpenMode::kLock, kDefaultPermissions, &file), "ELOOP");
  CHECK_CODE(openFile(*place.directory, "link", OpenMode::kCreate, kDefaultPermissions, &file), "EEXIST");
  place.inject("open", 1, Action::kError, Error::kEINTR);
  CHECK_OK(openFile(*place.directory, "there", OpenMode::kRead, kDefaultPermissions, &file));
  CHECK(file);
  place.inject("open", 1, Action::kError, Error::kEINTR, true);
  CHECK_CODE(openFile(*place.directory, "there", OpenMode::kRead, kDefaultPermissions, &file), "EINTR");
}

void exactPermissions() {
  check::TemporaryDirectory place;
  std::shared_ptr<Descriptor> file;
  CHECK_OK(openFile(*place.directory, "open to all", OpenMode::kCreate, 0666, &file));
  FileStat info;
  CHECK_OK(statHandle(*file, &info));
  CHECK(info.permissions == 0666);
  // A mode that cannot be set because of an error must not leave a file with another one.
  place.inject("fchmod", 1, Action::kError, Error::kEIO);
  CHECK_CODE(openFile(*place.directory, "broken", OpenMode::kCreate, 0600, &file), "EIO");
  bool found = true;
  CHECK_OK(statName(*place.directory, "broken", false, &info, &found));
  CHECK(!found);
  // A file system that has no modes makes the file all the same, and nobody gets more than was asked for.
  for (const Error refusal : {Error::kEPERM, Error::kENOSYS, Error::kEOPNOTSUPP}) {
    place.inject("fchmod", 1, Action::kError, refusal);
    const std::string name = std::string("refused ") + errorName(refusal);
    CHECK_OK(openFile(*place.directory, name, OpenMode::kCreate, 0600, &file));
    CHECK_OK(statName(*place.directory, name, false, &info, &found));
    CHECK(found && (info.permissions & 0177) == 0);
  }
}

void writingAsksWhatACloseWouldSay() {
  check::TemporaryDirectory place;
  const auto file = create(place, "data");
  const auto twin = create(place, "twin");
  bool locked = false;
  CHECK_OK(tryLock(*file, false, &locked));
  CHECK(locked);
  place.inject("close", 1, Action::kError, Error::kENOSPC);
  CHECK_CODE(writeAll(*file, "text", 4), "ENOSPC");
  place.inject("dup", 1, Action::kError, Error::kEMFILE);
  CHECK_CODE(writeAll(*twin, "text", 4), "EMFILE");
  place.inject("close", 1, Action::kError, Error::kEINTR);
  CHECK_OK(writeAll(*twin, "text", 4));
  // The lock outlives the close of the second descriptor.
  std::shared_ptr<Descriptor> other;
  CHECK_OK(openFile(*place.directory, "data", OpenMode::kLock, kDefaultPermissions, &other));
  CHECK_OK(tryLock(*other, true, &locked));
  CHECK(!locked);
}

void directoriesBelowADescriptor() {
  check::TemporaryDirectory place;
  bool made = false;
  CHECK_OK(makeDirectoryAt(*place.directory, "sub", &made));
  CHECK(made);
  CHECK_OK(makeDirectoryAt(*place.directory, "sub", &made));
  CHECK(!made);
  CHECK_CODE(makeDirectoryAt(*place.directory, "..", &made), "EINVAL");
  std::shared_ptr<Descriptor> sub;
  CHECK_OK(openDirectoryAt(*place.directory, "sub", &sub));
  CHECK_CODE(openDirectoryAt(*place.directory, "..", &sub), "EINVAL");
  CHECK_CODE(openDirectoryAt(*place.directory, "absent", &sub), "ENOENT");
  std::shared_ptr<Descriptor> again;
  CHECK_OK(openDirectoryAt(*place.directory, ".", &again));
  FileStat one;
  FileStat two;
  CHECK_OK(statHandle(*place.directory, &one));
  CHECK_OK(statHandle(*again, &two));
  CHECK(one.inode == two.inode && place.directory->file() != again->file());
  // A directory is no file that anybody holds.
  CHECK_CODE(openFile(*place.directory, "sub", OpenMode::kLock, kDefaultPermissions, &sub), "EISDIR");
}

void namesAreExchanged() {
  check::TemporaryDirectory place;
  bool made = false;
  CHECK_OK(makeDirectoryAt(*place.directory, "one", &made));
  create(place, "other");
  CHECK_CODE(exchangeNames(*place.directory, "one", "absent"), "ENOENT");
  CHECK_CODE(exchangeNames(*place.directory, "one", "../other"), "EINVAL");
  CHECK_CODE(exchangeNames(*place.directory, "..", "other"), "EINVAL");
  CHECK_OK(exchangeNames(*place.directory, "one", "other"));
  FileStat info;
  bool found = false;
  CHECK_OK(statName(*place.directory, "one", false, &info, &found));
  CHECK(info.kind == FileStat::Kind::kFile);
  CHECK_OK(statName(*place.directory, "other", false, &info, &found));
  CHECK(info.kind == FileStat::Kind::kDirectory);
  // A second try would undo an exchange that was interrupted after it had happened.
  place.inject("renameat2", 1, Action::kError, Error::kEINTR);
  CHECK_CODE(exchangeNames(*place.directory, "one", "other"), "EINTR");
  CHECK(place.calls("renameat2") == 1);
}

void directoriesAreRemoved() {
  check::TemporaryDirectory place;
  bool made = false;
  CHECK_OK(makeDirectoryAt(*place.directory, "sub", &made));
  std::shared_ptr<Descriptor> sub;
  CHECK_OK(openDirectoryAt(*place.directory, "sub", &sub));
  CHECK_OK(makeDirectoryAt(*sub, "below", &made));
  bool existed = false;
  CHECK_CODE(removeDirectoryAt(*place.directory, "sub", &existed), "ENOTEMPTY");
  CHECK_CODE(removeDirectoryAt(*place.directory, "sub/below", &existed), "EINVAL");
  CHECK_OK(removeDirectoryAt(*sub, "below", &existed));
  CHECK(existed);
  CHECK_OK(removeDirectoryAt(*place.directory, "sub", &existed));
  CHECK(existed);
  CHECK_OK(removeDirectoryAt(*place.directory, "sub", &existed));
  CHECK(!existed);
  create(place, "file");
  CHECK_CODE(removeDirectoryAt(*place.directory, "file", &existed), "ENOTDIR");
}

void transfersAreComplete() {
  check::TemporaryDirectory place;
  check::Random random(5);
  const auto data = random.bytes(100000);
  const auto file = create(place, "data");
  place.inject("pwrite", 1, Action::kShort, Error::kNone, true);
  CHECK_OK(writeFully(*file, data.data(), data.size(), 0));
  CHECK(place.calls("pwrite") > 10);
  place.inject("pread", 1, Action::kShort, Error::kNone, true);
  Contents contents;
  CHECK_OK(readAll(*file, data.size(), &contents));
  CHECK(std::vector<std::uint8_t>(contents.bytes.get(), contents.bytes.get() + contents.size) == data);
  CHECK_CODE(readAll(*file, data.size() - 1, &contents), "EFBIG");
  std::vector<std::uint8_t> more(data.size() + 1);
  place.table->setFaults({});
  const Status status = readFully(*file, more.data(), more.size(), 0);
  CHECK(std::string(status.code) == "ESHORT" && status.offset == static_cast<std::int64_t>(data.size()));
}

void failedSyncIsForEver() {
  check::TemporaryDirectory place;
  const auto file = create(place, "data");
  place.inject("fsync", 1, Action::kError, Error::kEIO);
  CHECK_CODE(file->sync(Descriptor::SyncKind::kAll), "EIO");
  CHECK_CODE(file->sync(Descriptor::SyncKind::kAll), "EIO");
  CHECK_CODE(file->sync(Descriptor::SyncKind::kData), "EIO");
  CHECK(place.calls("fsync") == 1 && place.calls("fdatasync") == 0);
}

void locks() {
  const check::TemporaryDirectory place;
  const auto first = create(place, "data");
  std::shared_ptr<Descriptor> second;
  CHECK_OK(openFile(*place.directory, "data", OpenMode::kLock, kDefaultPermissions, &second));
  bool locked = false;
  CHECK_OK(tryLock(*first, false, &locked));
  CHECK(locked);
  CHECK_OK(tryLock(*second, false, &locked));
  CHECK(!locked);
  CHECK_OK(unlock(*first));
  CHECK_OK(tryLock(*second, false, &locked));
  CHECK(locked);
}

void mappings() {
  check::TemporaryDirectory place;
  check::Random random(6);
  const auto data = random.bytes(20000);
  const auto file = create(place, "data");
  CHECK_OK(writeFully(*file, data.data(), data.size(), 0));
  std::unique_ptr<Mapping> mapping;
  CHECK_OK(Mapping::create(*file, 4099, 15901, &mapping));
  CHECK(std::equal(mapping->data(), mapping->data() + mapping->size(), data.begin() + 4099));
  mapping->data()[0] ^= 0xff;
  std::uint8_t inFile = 0;
  CHECK_OK(readFully(*file, &inFile, 1, 4099));
  CHECK(inFile == data[4099]);
  CHECK(place.table->mappings() == 1);
  mapping.reset();
  CHECK(place.table->mappings() == 0);
  CHECK_CODE(Mapping::create(*file, 4099, 15902, &mapping), "ESHORT");
  CHECK_CODE(Mapping::create(*file, ~std::uint64_t{0}, 2, &mapping), "ESHORT");
  CHECK_OK(Mapping::create(*file, 20000, 0, &mapping));
  CHECK(mapping->size() == 0);
  // Where there can be no mapping there is none, and a copy is made; an error of the disk is an error.
  for (const Error refusal : {Error::kENOMEM, Error::kENODEV, Error::kEINVAL, Error::kEACCES}) {
    place.inject("mmap", 1, Action::kError, refusal);
    CHECK_OK(Mapping::create(*file, 0, 1, &mapping));
    CHECK(!mapping);
  }
  place.inject("mmap", 1, Action::kError, Error::kEIO);
  CHECK_CODE(Mapping::create(*file, 0, 1, &mapping), "EIO");
}

void nothingStaysOpen() {
  check::TemporaryDirectory place;
  create(place, "data");
  std::vector<std::string> names;
  CHECK_OK(listNames(*place.directory, &names));
  CHECK(names == std::vector<std::string>{"data"});
  CHECK(place.table->openDescriptors() == 1);
  place.directory.reset();
  CHECK(place.table->openDescriptors() == 0);
}

}  // namespace

void check::fileCases(std::vector<Case>* cases) {
  cases->insert(cases->end(), {{"files: names stay in the directory", namesStayInTheDirectory},
                               {"files: opening", opening},
                               {"files: exact permissions", exactPermissions},
                               {"files: writing asks what a close would say", writingAsksWhatACloseWouldSay},
                               {"files: directories below a descriptor", directoriesBelowADescriptor},
                               {"files: names are exchanged", namesAreExchanged},
                               {"files: directories are removed", directoriesAreRemoved},
                               {"files: short transfers are continued", transfersAreComplete},
                               {"files: a failed sync is never retried", failedSyncIsForEver},
                               {"files: locks", locks},
                               {"files: mappings", mappings},
                               {"files: nothing stays open", nothingStaysOpen}});
}
