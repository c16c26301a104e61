/**
 * Puts the fault-injection build of the engine under everything of src that this process imports later: import it
 * before them, as a bare import. Tests reach its switches through `faulty`.
 */
import { faultAddonPath } from '../native/fault-binding.js';

process.env.TENSORBUNDLE_BINDING = faultAddonPath;
