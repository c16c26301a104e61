#include "engine/error.h"

namespace tensorbundle {
namespace {

struct Entry {
  Error error;
  const char* name;
};

constexpr Entry kEntries[] = {
#define TENSORBUNDLE_ENTRY(name, number) {Error::k##name, #name},
    TENSORBUNDLE_ERRORS(TENSORBUNDLE_ENTRY)
#undef TENSORBUNDLE_ENTRY
};

}  // namespace

const char* errorName(Error error) {
  for (const Entry& entry : kEntries) {
    if (entry.error == error) return entry.name;
  }
  return "EUNKNOWN";
}

Error errorNamed(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (name == entry.name) return entry.error;
  }
  return Error::kNone;
}

}  // namespace tensorbundle
