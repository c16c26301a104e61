// How long the addon stays loaded.
#pragma once

namespace tensorbundle {

// Keeps this library in the process until the process ends, even when the last environment that used it is gone: the
// C++ library inside has functions that run at the end of a thread and of the process. For ELF the linker says so
// already
// (-z nodelete in addon.gypi and tools/prebuild/targets.mjs) and this does nothing; Mach-O has no such mark.
void stayLoaded();

}  // namespace tensorbundle
