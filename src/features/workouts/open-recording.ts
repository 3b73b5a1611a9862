import { type Stretch, spanOfRide } from "../../domain/clock-faults.ts";
import type { SampleRecording } from "../../domain/recording.ts";
import {
  type Derivation,
  derive,
  deriveWithFtp,
  type FtpContext,
  type RideContext,
  type Summary,
} from "../../domain/summary.ts";
import { openTelemetry } from "../../domain/telemetry-codec.ts";
import { type TelemetryFormat, writeText } from "../../domain/telemetry-format.ts";
import { noteText } from "../../memory.ts";
import { type RideThread, type RideThreadUse, useRideThread } from "./ride-thread-client.ts";

/** A ride's samples, merged and in order, wherever they are worked on; to be closed once that is done. */
export interface OpenRecording extends Disposable {
  readonly length: number;
  /** As spanOfRide has it. */
  span(): Promise<Stretch | null>;
  /** As derive has it. */
  derive(context: RideContext): Promise<Derivation>;
  /** As deriveWithFtp has it. */
  deriveWithFtp(summary: Summary, context: FtpContext): Promise<Summary>;
  /** The whole as text, bit by bit. */
  text(format: TelemetryFormat): AsyncGenerator<string | Uint8Array, void, void>;
}

/** A ride of more samples is left to the thread for such: half a day at one a second is below. */
export const MOST_HELD = 50_000;
/** One of more blocks too: its samples are large. */
const MOST_BLOCKS = 8;

/**
 * Opens telemetry as it is stored.
 * @throws TelemetryError if the version is unknown or the bytes are damaged, as far as it looks at them.
 */
export async function openRecording(bytes: Uint8Array): Promise<OpenRecording> {
  const telemetry = await openTelemetry(bytes);
  const isLong = telemetry.length > MOST_HELD || telemetry.blocks > MOST_BLOCKS;
  return isLong ? openInThread(bytes) : heldRecording(telemetry);
}

/** What is in memory, or read without much ado. */
export function heldRecording(recording: SampleRecording): OpenRecording {
  return {
    length: recording.length,
    span: () => spanOfRide(recording),
    derive: (context) => derive(recording, context),
    deriveWithFtp: (summary, context) => deriveWithFtp(recording, summary, context),
    text: (format) => writeText(recording, format),
    [Symbol.dispose]() {},
  };
}

async function openInThread(bytes: Uint8Array): Promise<OpenRecording> {
  const use = useRideThread();
  try {
    return new ThreadRecording(use, await use.thread.call("open", { telemetry: bytes }));
  } catch (error) {
    use[Symbol.dispose]();
    throw error;
  }
}

/** One that is open in the thread. */
export class ThreadRecording implements OpenRecording {
  readonly #use: RideThreadUse;
  readonly #id: number;
  readonly length: number;

  /** @param use is disposed of with it */
  constructor(use: RideThreadUse, { id, length }: { id: number; length: number }) {
    this.#use = use;
    this.#id = id;
    this.length = length;
  }

  /** The samples as they are to be kept. */
  telemetry(): Promise<Uint8Array> {
    return this.#thread.call("telemetry", { id: this.#id });
  }

  span(): Promise<Stretch | null> {
    return this.#thread.call("span", { id: this.#id });
  }

  derive(context: RideContext): Promise<Derivation> {
    return this.#thread.call("derive", { id: this.#id, context });
  }

  deriveWithFtp(summary: Summary, context: FtpContext): Promise<Summary> {
    return this.#thread.call("deriveWithFtp", { id: this.#id, summary, context });
  }

  async *text(format: TelemetryFormat): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const piece = await this.#thread.call("nextText", { id: this.#id, format });
      if (!piece) return;
      yield piece;
      noteText(piece.length);
    }
  }

  [Symbol.dispose](): void {
    // Where the thread is no more, nothing is open there.
    this.#thread.call("close", { id: this.#id }).catch(() => {});
    this.#use[Symbol.dispose]();
  }

  get #thread(): RideThread {
    return this.#use.thread;
  }
}
