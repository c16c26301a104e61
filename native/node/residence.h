// How long the addon stays loaded.
#pragma once

namespace tensorbundle {

// Keeps this library loaded until the process ends, even after the last environment that used it has ended. The C++
// library inside it has functions that run at the end of a thread and of the process. On ELF systems a linker flag does
// this (-z nodelete in addon.gypi and tools/prebuild/targets.mjs), so this function does nothing. Mach-O has no such
// flag.
void stayLoaded();

}  // namespace tensorbundle
