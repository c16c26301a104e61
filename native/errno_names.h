// Names of errno values. strerrorname_np is glibc 2.32 and later only; prebuilds run on 2.17 and on musl.
#pragma once

#include <string_view>

namespace tensorbundle {

// "EUNKNOWN" for a value that is not in the table.
const char* errnoName(int error);

// 0 for a name that is not in the table.
int errnoNumber(std::string_view name);

}  // namespace tensorbundle
