import { existsSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { uptime } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { isSynchronized } from "./clock-synchronization.ts";
import type { Logger } from "./logger.ts";

/** What a machine tells of time. */
export type TimeSource = {
  /** Epoch ms. It may be wrong, and be set at any moment. */
  now(): number;
  /** Ms since the machine was started, asleep or awake, to about a second; nobody sets it. */
  uptime(): number;
  /** Tells one run of the machine from the next; undefined where the system does not tell. */
  boot: string | undefined;
  /** Whether a time server keeps the clock; undefined where the system cannot tell. */
  isSynchronized(): Promise<boolean | undefined>;
};

/** How the clock stands to what is known of time. */
export type ClockState = "plausible" | "ahead" | "behind";

export interface Clock {
  /** What the machine's clock reads, epoch ms: for what is written down. */
  now(): number;
  /** Ms from some moment; grows evenly, whatever is done to the clock: for how long something takes. */
  uptime(): number;
  /**
   * The time, or an earlier one where the clock may be ahead; epoch ms. By this goes what deletes, ends or completes by
   * age: nothing is ever older than by this, so that a clock that was set makes nothing come too early.
   */
  atLeast(): number;
  readonly state: ClockState;
  /** Asks the time server, and writes down what is known of time; done every ten minutes by itself. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

type Options = {
  dataDirectory: string;
  source: TimeSource;
  /** When the newest record was made, epoch ms; 0 where there is none. Asked where nothing is known of time yet. */
  newestRecord(): Promise<number>;
  /**
   * Told when a time server has the clock again, before anybody goes by it: since when it may have been wrong, what it
   * reads, and how far off, in ms, it may have been all the time.
   */
  onConfirmed(wrong: { since: number; now: number; longest: number }): Promise<void>;
  log: Pick<Logger, "warn" | "info">;
};

const MINUTE_MS = 60_000;

/** So far the clock may be from what is known, be it slewed or read a little late. */
const TOLERANCE_MS = MINUTE_MS;

/** So long a machine may have been off without anybody to confirm its clock. */
const LONGEST_OFF_MS = 86_400_000;

const LOOK_EVERY_MS = 10 * MINUTE_MS;

const savedSchema = z.object({
  /** Epoch ms, and the uptime of the machine at that moment. */
  time: z.number(),
  uptime: z.number(),
  boot: z.string().optional(),
  /** When a time server last had the clock, epoch ms. */
  confirmed: z.number(),
});

type Saved = z.infer<typeof savedSchema>;

type Moment = Pick<Saved, "time" | "uptime">;

export const machineTime: TimeSource = {
  now: Date.now,
  uptime: () => uptime() * 1000,
  boot: bootId(),
  isSynchronized,
};

/**
 * What is known of time: that it goes on evenly from the last moment at which the clock was right. A clock that is
 * elsewhere is not believed until a time server has it, or it is back.
 */
export async function createClock(options: Options): Promise<Clock> {
  const { dataDirectory, source, newestRecord, onConfirmed, log } = options;
  const path = fileIn(dataDirectory);
  const saved = readSaved(path) ?? firstKnown(source, await newestRecord());
  let known = begin(source, saved);
  let { confirmed } = saved;
  let told: ClockState = "plausible";

  const expected = () => expectedOf(known, source);
  const state = () => stateOf(source.now() - expected());

  async function look(): Promise<void> {
    if ((await source.isSynchronized()) === true) {
      const now = source.now();
      if (Math.abs(now - confirmed) > LONGEST_OFF_MS) {
        await onConfirmed({ since: confirmed, now, longest: LONGEST_OFF_MS });
      }
      confirmed = now;
      known = momentOf(source);
    } else if (state() === "plausible") {
      known = momentOf(source);
    }
    tell();
    await write();
  }

  const write = () => save(path, { ...known, boot: source.boot, confirmed });

  function tell(): void {
    const now = state();
    if (now === told) return;
    told = now;
    const facts = { clock: isoTime(source.now()), expected: isoTime(expected()) };
    if (now === "plausible") log.info(facts, "the clock is believed again");
    else log.warn(facts, `the clock is ${now} of what is known of time. ${WHAT_IT_MEANS}`);
  }

  let looking = Promise.resolve();
  function lookNow(): Promise<void> {
    const failed = (error: unknown) => log.warn({ err: error }, "the clock could not be looked at");
    looking = looking.then(look).catch(failed);
    return looking;
  }

  void lookNow();
  const timer = setInterval(lookNow, LOOK_EVERY_MS).unref();
  return {
    now: source.now,
    uptime: source.uptime,
    atLeast: () => Math.min(source.now(), expected()),
    get state() {
      return state();
    },
    look: lookNow,
    async stop() {
      clearInterval(timer);
      await looking;
      if (state() === "plausible") known = momentOf(source);
      await write();
    },
  };
}

/** How the clock stands to what a server in this directory has last known of time; undefined where nothing is known. */
export function lastKnown(
  dataDirectory: string,
  source: TimeSource,
): { state: ClockState; expected: number } | undefined {
  const saved = readSaved(fileIn(dataDirectory));
  if (!saved) return undefined;
  const expected = expectedOf(begin(source, saved), source);
  return { state: stateOf(source.now() - expected), expected };
}

export const WHAT_IT_MEANS =
  "Until a time server has it, or it is back, nothing is completed, ended or deleted for its age by it.";

function momentOf(source: TimeSource): Moment {
  return { time: source.now(), uptime: source.uptime() };
}

function stateOf(difference: number): ClockState {
  if (Math.abs(difference) <= TOLERANCE_MS) return "plausible";
  return difference > 0 ? "ahead" : "behind";
}

/** As if the machine had been off since the newest record; with none, there is nothing to lose. */
function firstKnown(source: TimeSource, newest: number): Saved {
  const time = newest === 0 ? source.now() : newest;
  return { time, uptime: source.uptime(), confirmed: time };
}

/** From which moment on to count. */
function begin(source: TimeSource, { time, uptime, boot }: Saved): Moment {
  if (boot !== undefined && boot === source.boot) return { time, uptime };
  // The machine was off meanwhile, nobody knows for how long; not for very long is taken to be true.
  const off = source.now() - time;
  const isLikely = off >= -TOLERANCE_MS && off <= LONGEST_OFF_MS;
  return { time: isLikely ? source.now() : time, uptime: source.uptime() };
}

/** What the clock should read. */
function expectedOf(known: Moment, source: TimeSource): number {
  return known.time + source.uptime() - known.uptime;
}

/** A file of the last look, which a start goes on from. */
function fileIn(dataDirectory: string): string {
  return join(dataDirectory, "clock.json");
}

/** Undefined where there is none, or a power cut has left none that can be read. */
function readSaved(path: string): Saved | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return savedSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

async function save(path: string, saved: Saved): Promise<void> {
  await writeFile(`${path}.part`, JSON.stringify(saved), { mode: 0o600 });
  await rename(`${path}.part`, path);
}

/** Undefined where the system does not tell, as in the sandbox of a systemd unit. */
function bootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return undefined;
  }
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
