import { at } from "./column.ts";
import { type Readings, readingsOf } from "./readings.ts";
import { inSlices, someInSlices } from "./slices.ts";

/** Comparisons of altitude allow so much, in m, since 134.2 − 132.2 is above 2 in binary. */
const NOISE = 1e-6;

/** A jump of more than this, in m, that is taken back within so long, in ms, is a dropout of the barometer. */
const JUMP = 20 + NOISE;
const LONGEST_DROPOUT_MS = 10_000;

/** Half of the window in which altitude is smoothed, in ms. */
const SMOOTHED_MS = 2_500;

/** What goes no farther than this the other way is no turning point, in m. */
const TURN = 2 + NOISE;

/**
 * A device that reports more often than 100 times a second is looked ahead at no farther than this, in readings: a jump
 * at each of them would otherwise cost the square of their number.
 */
const FARTHEST_LOOK = 1000;

/**
 * Metres climbed, unrounded, from altitudes in m at times in ms; null where there is none. The altitudes are not kept as
 * they are: of a long ride one copy more is much memory.
 */
export async function elevationGain(
  timestamps: Float64Array,
  altitude: Float64Array,
): Promise<number | null> {
  const readings = await withoutDropouts(await readingsOf(timestamps, altitude));
  if (readings.metres.length === 0) return null;
  const rises = new Rises();
  await smooth(readings, (height) => rises.add(height));
  return rises.sum;
}

/** Brings the metres that are kept to the front of where they are. */
async function withoutDropouts({ times: all, metres }: Readings): Promise<Readings> {
  if (!(await hasJumps(metres))) return { times: all, metres };
  const times = all.slice();
  let count = 0;
  let next = 0;
  await inSlices(metres.length, (_, to) => {
    while (next < to) keep(isJump(at(metres, count - 1), at(metres, next)) ? backAfter(next) : next);
  });
  return { times: times.subarray(0, count), metres: metres.subarray(0, count) };

  /** What lies before it and has not been kept is left out. */
  function keep(index: number): void {
    times[count] = at(times, index);
    metres[count++] = at(metres, index);
    next = index + 1;
  }

  /** The first reading after a jump that is near the one before it, if that comes soon enough; else the jump. */
  function backAfter(jump: number): number {
    const latest = at(times, count - 1) + LONGEST_DROPOUT_MS;
    const before = at(metres, count - 1);
    const end = Math.min(metres.length, jump + FARTHEST_LOOK);
    for (let index = jump + 1; index < end && at(times, index) <= latest; index++) {
      if (!isJump(before, at(metres, index))) return index;
    }
    return jump;
  }
}

function hasJumps(metres: Float64Array): Promise<boolean> {
  return someInSlices(metres.length - 1, (index) => isJump(at(metres, index), at(metres, index + 1)));
}

/** To the first reading, before which there is none, nothing is a jump. */
function isJump(from: number, to: number): boolean {
  return Math.abs(to - from) > JUMP;
}

/** Tells the mean of the readings around each, in their order. */
async function smooth({ times, metres }: Readings, tell: (mean: number) => void): Promise<void> {
  let oldest = 0;
  let newest = 0;
  let sum = 0;
  await inSlices(metres.length, (from, to) => {
    for (let index = from; index < to; index++) {
      const time = at(times, index);
      while (newest < metres.length && at(times, newest) <= time + SMOOTHED_MS) sum += at(metres, newest++);
      while (at(times, oldest) < time - SMOOTHED_MS) sum -= at(metres, oldest++);
      tell(sum / (newest - oldest));
    }
  });
}

/** Adds up every rise from a lowest to a highest point between two turning points, of heights in m. */
class Rises {
  #finished = 0;
  #lowest = Number.POSITIVE_INFINITY;
  #highest = Number.NEGATIVE_INFINITY;
  /** Which way it goes; unknown until it has gone far enough either way. */
  #direction: "up" | "down" | undefined;

  add(height: number): void {
    if (this.#direction !== "up" && height > this.#lowest + TURN) {
      this.#direction = "up";
      this.#highest = height;
    } else if (this.#direction !== "down" && height < this.#highest - TURN) {
      if (this.#direction === "up") this.#finished += this.#highest - this.#lowest;
      this.#direction = "down";
      this.#lowest = height;
    }
    if (this.#direction !== "down") this.#highest = Math.max(this.#highest, height);
    if (this.#direction !== "up") this.#lowest = Math.min(this.#lowest, height);
  }

  get sum(): number {
    return this.#direction === "up" ? this.#finished + this.#highest - this.#lowest : this.#finished;
  }
}
