import type { Recording } from "./domain/recording.ts";

/** So much garbage is to be collected, in bytes. */
const MUCH_BYTES = 32_000_000;

/** What came of text leaves about so many times its characters behind, in bytes. */
const BYTES_PER_CHARACTER = 10;

/** A sample that is read leaves about so much behind, and a number in a column, in bytes. */
const SAMPLE_BYTES = 1_000;
const NUMBER_BYTES = 16;

let garbage = 0;

/**
 * Notes memory in bytes that was made use of and is not needed any longer, and asks for it to be collected when that is
 * much. The collector by itself lets it pile up to a share of the machine's memory: on a small one that is another
 * program's. Forced to, it would do so at a stroke, and others wait.
 */
export function noteGarbage(bytes: number): void {
  garbage += bytes;
  if (garbage < MUCH_BYTES) return;
  garbage = 0;
  Bun.gc(false);
}

/** The same for text of so many characters. */
export function noteText(characters: number): void {
  noteGarbage(characters * BYTES_PER_CHARACTER);
}

/** A recording that has the garbage collected which reading it makes. */
export function collecting(recording: Recording): Recording {
  return {
    length: recording.length,
    timestamps: () => recording.timestamps(),
    column(field, bounds) {
      noteGarbage(recording.length * NUMBER_BYTES);
      return recording.column(field, bounds);
    },
    async *samples() {
      for await (const samples of recording.samples()) {
        yield samples;
        noteGarbage(samples.length * SAMPLE_BYTES);
      }
    },
  };
}
