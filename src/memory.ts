import type { Recording } from "./domain/recording.ts";

/** So much garbage is collected at once, in bytes: some milliseconds of work. */
const MOST_GARBAGE_BYTES = 32_000_000;

let garbage = 0;

/**
 * Notes memory in bytes that was made use of and is not needed any longer, and has it collected when that is much. The
 * collector by itself lets it pile up to a share of the machine's memory: on a small one that is another program's.
 */
export function noteGarbage(bytes: number): void {
  garbage += bytes;
  if (garbage < MOST_GARBAGE_BYTES) return;
  garbage = 0;
  Bun.gc(true);
}

/** A message that was stored leaves about so much behind, in bytes. */
const MESSAGE_BYTES = 4_000;

/** To be called after storing so many messages at once; it costs nothing before the answer. */
export function collectAfter(messages: number): void {
  setImmediate(noteGarbage, messages * MESSAGE_BYTES);
}

/** A sample that is read leaves about so much behind, and a number in a column, in bytes. */
const SAMPLE_BYTES = 1_000;
const NUMBER_BYTES = 16;

/** A recording that has the garbage collected which reading it makes. */
export function collecting(recording: Recording): Recording {
  const column: Recording["column"] = (field, bounds) => {
    noteGarbage(recording.length * NUMBER_BYTES);
    return recording.column(field, bounds);
  };
  return {
    length: recording.length,
    async *samples() {
      for await (const samples of recording.samples()) {
        yield samples;
        noteGarbage(samples.length * SAMPLE_BYTES);
      }
    },
    timestamps: () => recording.timestamps(),
    column,
  };
}
