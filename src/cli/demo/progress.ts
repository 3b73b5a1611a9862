import { SingleBar } from "cli-progress";
import type { Sample } from "../../domain/sample.ts";
import { formatDuration } from "./summary-table.ts";

const BAR_WIDTH = 16;

/** Where there is no terminal to draw on, a line every so many ms. */
const LINE_EVERY_MS = 5000;

const LIVE_FIELDS = [
  { field: "power", digits: 0, unit: "W" },
  { field: "heartrate", digits: 0, unit: "bpm" },
  { field: "cadence", digits: 0, unit: "rpm" },
  { field: "speed", digits: 1, unit: "km/h" },
  { field: "altitude", digits: 0, unit: "m" },
];

export type Progress = {
  /** How much of the ride the server has, in s. */
  advance(seconds: number): void;
  /** Puts the numbers of a sample that came back live beside the bar. */
  show(sample: Sample): void;
  /** Says beside the bar why it stands still. */
  explain(message: string): void;
  stop(): void;
};

/** A progress bar on standard error, so that standard output has the summary only. */
export function startProgress(rideSeconds: number): Progress {
  const bar = new SingleBar({
    format: `{bar} {position}/${formatDuration(rideSeconds)}  {live}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: BAR_WIDTH,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: LINE_EVERY_MS,
  });
  bar.start(rideSeconds, 0, { position: formatDuration(0), live: "" });
  return {
    advance: (seconds) => bar.update(seconds, { position: formatDuration(seconds) }),
    show: (sample) => bar.update({ live: liveNumbers(sample) }),
    explain: (message) => bar.update({ live: message }),
    stop: () => bar.stop(),
  };
}

function liveNumbers(sample: Sample): string {
  return LIVE_FIELDS.map(({ field, digits, unit }) => {
    const value = sample[field];
    return `${typeof value === "number" ? value.toFixed(digits).padStart(3 + digits) : "–"} ${unit}`;
  }).join("  ");
}
