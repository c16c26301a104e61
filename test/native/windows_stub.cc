// A table of file operations that answers "not supported" to everything, and a program around it. It is compiled and
// linked for Windows with the engine and the checksum (windows.deep.test.ts): what is missing for Windows is this one
// file.
#include <cstdio>
#include <memory>

#include "engine/checksummed_copy.h"
#include "engine/engine.h"
#include "engine/file_calls.h"
#include "engine/job.h"
#include "engine/mapping.h"
#include "engine/range_reader.h"
#include "engine/shard_writer.h"

namespace tensorbundle {
namespace {

constexpr Result kNotSupported = failed(Error::kENOSYS);

class WindowsStub final : public FileOperations {
 public:
  Result openDirectory(const char* /*path*/) override { return kNotSupported; }
  Result openDirectoryAt(FileId /*directory*/, const char* /*name*/) override { return kNotSupported; }
  Result openAt(FileId /*directory*/, const char* /*name*/, OpenMode /*mode*/, std::uint32_t /*permissions*/) override {
    return kNotSupported;
  }
  Result close(FileId /*file*/) override { return kNotSupported; }
  Result duplicate(FileId /*file*/) override { return kNotSupported; }
  Result makeDirectoryAt(FileId /*directory*/, const char* /*name*/, std::uint32_t /*permissions*/) override {
    return kNotSupported;
  }
  Result stat(FileId /*file*/, FileStat* /*result*/) override { return kNotSupported; }
  Result statAt(FileId /*directory*/, const char* /*name*/, bool /*follow*/, FileStat* /*result*/) override {
    return kNotSupported;
  }
  Result list(FileId /*directory*/, std::vector<std::string>* /*names*/) override { return kNotSupported; }
  Result rename(FileId /*directory*/, const char* /*from*/, const char* /*to*/) override { return kNotSupported; }
  Result exchange(FileId /*directory*/, const char* /*one*/, const char* /*other*/) override { return kNotSupported; }
  Result unlink(FileId /*directory*/, const char* /*name*/) override { return kNotSupported; }
  Result removeDirectoryAt(FileId /*directory*/, const char* /*name*/) override { return kNotSupported; }
  Result sync(FileId /*file*/) override { return kNotSupported; }
  Result syncData(FileId /*file*/) override { return kNotSupported; }
  Result lock(FileId /*file*/, bool /*shared*/) override { return kNotSupported; }
  Result unlock(FileId /*file*/) override { return kNotSupported; }
  Result setPermissions(FileId /*file*/, std::uint32_t /*permissions*/) override { return kNotSupported; }
  Result isRemote(FileId /*file*/) override { return kNotSupported; }
  Result freeSpace(FileId /*directory*/, std::uint64_t* /*bytes*/) override { return kNotSupported; }
  Result read(FileId /*file*/, void* /*into*/, std::size_t /*length*/, std::uint64_t /*offset*/) override {
    return kNotSupported;
  }
  Result write(FileId /*file*/, const void* /*from*/, std::size_t /*length*/, std::uint64_t /*offset*/) override {
    return kNotSupported;
  }
  Result reserve(FileId /*file*/, std::uint64_t /*bytes*/) override { return kNotSupported; }
  Result startWriteback(FileId /*file*/, std::uint64_t /*offset*/, std::uint64_t /*length*/) override {
    return kNotSupported;
  }
  std::uint64_t mappingUnit() const override { return 64 << 10; }
  Mapped map(FileId /*file*/, std::uint64_t /*offset*/, std::size_t /*length*/) override {
    return {nullptr, Error::kENOSYS};
  }
  Result unmap(void* /*address*/, std::size_t /*length*/) override { return kNotSupported; }
};

// Every object of the engine once, so that the linker needs all of it.
Status touchEverything() {
  const auto engine = std::make_shared<Engine>(makeSystemOperations());
  std::shared_ptr<Descriptor> directory;
  Status status = openDirectory(engine->files, "C:\\", &directory);
  if (!status.ok()) return status;
  std::unique_ptr<ShardWriter> writer;
  status = ShardWriter::create(*directory, "shard", {}, &writer);
  if (!status.ok()) return status;
  std::unique_ptr<Mapping> mapping;
  status = Mapping::create(*directory, 0, 1, &mapping);
  if (!status.ok()) return status;
  RangeReader reader({directory}, {}, engine->crc32c);
  std::uint8_t byte = 0;
  checksummedCopy(&byte, &byte, sizeof byte, engine->crc32c, 0);
  ThreadPool pool;
  const auto strand = std::make_shared<Strand>();
  Job job({nullptr, [&reader](const StopToken& stop) { return reader.work(stop); }}, [] {});
  job.start(pool, strand.get());
  pool.stop();
  return job.status();
}

}  // namespace

std::shared_ptr<FileOperations> makeSystemOperations() { return std::make_shared<WindowsStub>(); }

}  // namespace tensorbundle

int main() {
  const tensorbundle::Status status = tensorbundle::touchEverything();
  std::printf("%s in %s\n", status.code, status.syscall);
  return status.error == tensorbundle::Error::kENOSYS ? 0 : 1;
}
