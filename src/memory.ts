/** So much garbage is to be collected, in bytes. */
const MUCH_BYTES = 16_000_000;

/** What came of text leaves about so many times its characters behind, in bytes. */
const BYTES_PER_CHARACTER = 10;

let garbage = 0;

/**
 * Notes memory in bytes that was made use of and is not needed any longer, and has it collected when that is much. The
 * collector by itself lets it pile up to a share of the machine's memory: on a small one that is another program's.
 * For what goes over millions of samples: what is alive meanwhile is little and looked through in milliseconds.
 */
export function noteGarbage(bytes: number): void {
  if (isMuch(bytes)) Bun.gc(true);
}

/** The same for text of so many characters that came in or goes out: only asked for, since many may be waiting. */
export function noteText(characters: number): void {
  if (isMuch(characters * BYTES_PER_CHARACTER)) Bun.gc(false);
}

function isMuch(bytes: number): boolean {
  garbage += bytes;
  if (garbage < MUCH_BYTES) return false;
  garbage = 0;
  return true;
}
