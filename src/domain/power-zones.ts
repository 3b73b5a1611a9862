import { at } from "./column.ts";
import type { SecondSeries } from "./per-second.ts";
import { inSlices } from "./slices.ts";

/** Where each of Coggan's seven power zones begins, in % of FTP. */
const LOWER_BOUNDS = [0, 55, 75, 90, 105, 120, 150];
const HIGHEST = LOWER_BOUNDS.length - 1;

/** Seconds spent in each of Coggan's seven zones, lower bound in, from a ride's power second by second and FTP in W. */
export async function powerZones({ counts, values }: SecondSeries, ftp: number): Promise<number[]> {
  const seconds = LOWER_BOUNDS.map(() => 0);
  await inSlices(values.length, (from, to) => {
    for (let run = from; run < to; run++) {
      // Compared in percent: 0.55 · 200 is a little more than 110 in binary.
      const percent = at(values, run) * 100;
      let zone = 0;
      while (zone < HIGHEST && percent >= (LOWER_BOUNDS[zone + 1] ?? 0) * ftp) zone++;
      seconds[zone] = (seconds[zone] ?? 0) + at(counts, run);
    }
  });
  return seconds;
}
