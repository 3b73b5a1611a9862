/** Where each of Coggan's seven power zones begins, in % of FTP. */
const LOWER_BOUNDS = [0, 55, 75, 90, 105, 120, 150];

/** Seconds spent in each of Coggan's seven zones, lower bound in, from a ride's power second by second and FTP in W. */
export function powerZones(watts: Float64Array, ftp: number): number[] {
  // Compared in percent: 0.55 · 200 is a little more than 110 in binary.
  const secondsFrom = (percent: number) =>
    watts.reduce((seconds, power) => (power * 100 >= percent * ftp ? seconds + 1 : seconds), 0);
  const reached = LOWER_BOUNDS.map(secondsFrom);
  return reached.map((seconds, zone) => seconds - (reached[zone + 1] ?? 0));
}
