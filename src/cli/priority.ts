import { setPriority } from "node:os";

const NICENESS = 10;

/**
 * Goes behind everything else that the machine has to do, a server above all. A courtesy, which not everybody may do: a
 * unit's filter of system calls, or a nicer start, forbids it.
 */
export function stepBehind(): void {
  try {
    setPriority(NICENESS);
  } catch {}
}
