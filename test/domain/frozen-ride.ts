import { parseArrival, type Sample, SampleMerger } from "../../src/domain/sample.ts";
import type { RideContext } from "../../src/domain/summary.ts";

/*
 * A ride in which each of the definitions matters, always the same down to the last bit: whole numbers and fractions of
 * them, and no function that another machine may round otherwise. Never change it; what a new definition needs goes into
 * a ride of its own beside it.
 */

const START = 1_767_225_600_000;
const DAY = 86_400_000;

/** From 0 up to `height` and down again, in `period` steps. */
function wave(step: number, period: number, height: number): number {
  const position = step % period;
  return (Math.min(position, period - position) * 2 * height) / period;
}

/** From when to when the rider stood still, and both devices were off. */
const STOPS = [
  { from: 900, to: 1200 },
  { from: 2000, to: 2040 },
  { from: 2199, to: 2212 },
];

function isStop(second: number): boolean {
  return STOPS.some(({ from, to }) => second >= from && second < to);
}

/** From 4000 s on the head unit records smartly: a sample every 5 s, then every 24 s, with longer gaps in between. */
function isLeftOut(second: number): boolean {
  if (second < 4000) return false;
  const every = second < 4600 ? 5 : 24;
  const isGap = [
    [4401, 4415], // moving
    [4700, 4940], // moving, 240 s and more
    [5113, 5184], // hardly moving
    [5500, 5850], // moving, more than 300 s
  ].some(([from = 0, to = 0]) => second >= from && second < to);
  return isGap || second % every !== 0;
}

/** Metres since the start, at 8.25 m/s; standing still in a stop, and from 5100 s to 5200 s almost. */
function metresAt(second: number): number {
  const stood = STOPS.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(second, to) - from), 0);
  const crept = Math.min(100, Math.max(0, second - 5100));
  return (second - stood - crept) * 8.25 + crept * 0.375;
}

/** Of a head unit, a sample a second. */
function headUnit(second: number): object | null {
  if (isStop(second) || isLeftOut(second)) return null;
  const hasNoReading = (second >= 2500 && second < 2520) || second === 6600;
  return {
    // Its clock is a little off the second now and then.
    timestamp: START + second * 1000 + (second % 50 === 7 ? 125 : 0),
    ...(second % 97 === 0 ? {} : { power: powerAt(second) }),
    cadence: second % 120 < 20 ? 0 : 80 + (second % 17),
    speed: second % 300 < 5 ? 0 : 20 + wave(second, 400, 35.5),
    ...(hasNoReading ? {} : { distance: odometerAt(second) }),
    altitude: altitudeAt(second),
  };
}

/** At fault for 4 s and for 11 s, reset at 3000 s, and once too quick to be true. */
function odometerAt(second: number): number {
  if (second >= 1500 && second < 1504) return 0;
  if (second >= 1600 && second < 1611) return 12.5;
  const jump = second >= 3500 ? 400 : 0;
  return metresAt(second) - (second >= 3000 ? metresAt(3000) : 0) + jump;
}

/** A hill, rollers of which some are only just some, and dropouts for 4 s and 12 s. */
function altitudeAt(second: number): number {
  if (second >= 700 && second < 704) return 0;
  if (second >= 3100 && second < 3112) return 95;
  return 150 + wave(second, 1700, 60) + wave(second, 30, second < 3500 ? 4.5 : 3.6);
}

function powerAt(second: number): number | null {
  if (second % 211 === 0) return 21_733;
  if (second >= 3300 && second < 3312) return null;
  return 100 + ((second * 7919) % 211) + (second % 600 >= 540 ? 180 : 0);
}

/** Of a chest strap with the same clock, between the seconds; silent for 30 s and from 3950 s on, and 0 now and then. */
function strap(second: number): object | null {
  if (second % 2 === 1 || isStop(second) || (second >= 1700 && second < 1730) || second >= 3950) return null;
  const heartrate = second % 350 === 0 ? 0 : Math.floor(110 + wave(second, 900, 60));
  return { timestamp: START + second * 1000 + 500, heartrate };
}

function messages(): { text: string; arrivedAt: number }[] {
  const sent: { text: string; arrivedAt: number }[] = [];
  const send = (sample: object | null, arrivedAt: number) => {
    if (sample) sent.push({ text: JSON.stringify(sample), arrivedAt });
  };
  for (let second = 0; second < 7000; second++) {
    send(headUnit(second), START + second * 1000 + 300);
    send(strap(second), START + second * 1000 + 800);
  }
  // Resent with less, and completed.
  for (let second = 100; second < 160; second++) {
    send({ timestamp: START + second * 1000, power: null, temperature: 21 }, START + 7_000_000);
  }
  // One that knows no time, two of wrong clocks, and no sample at all.
  send({ speed: 31.5 }, START + 7_001_000);
  send({ timestamp: START - 9000 * DAY, power: 2000 }, START + 7_001_500);
  send({ timestamp: START + 40 * DAY, heartrate: 249 }, START + 7_002_000);
  return sent;
}

export function frozenRide(): Sample[] {
  const merger = new SampleMerger();
  for (const { text, arrivedAt } of messages()) {
    const arrival = parseArrival(text, arrivedAt);
    if (arrival) merger.add(arrival);
  }
  return merger.finish();
}

export const frozenContext: RideContext = {
  pauses: [
    { from: START + 2_750_250, to: START + 2_811_000 },
    { from: START + 6_990_000, to: START + 7_100_000 },
  ],
  ftp: 237,
  heartrates: { resting: 48, threshold: 165, max: 187 },
  skippedMessages: 3,
};
