/** Readings of the odometer: epoch ms and m. */
type Reading = { at: number; value: number };

const FAULT_AT_MOST = 10_000;

/** m, of two readings or more. */
export function odometerDistance(readings: readonly Reading[]): number {
  const [first, ...rest] = readings;
  if (!first) return 0;
  let total = 0;
  let before = first;
  let index = 0;
  while (index < rest.length) {
    const reading = rest[index] as Reading;
    if (reading.value >= before.value) {
      total += ifPossible(reading.value - before.value, before, reading);
      before = reading;
      index += 1;
      continue;
    }
    const closing = indexOfReturn(rest, index, before);
    if (closing === null) {
      total += ifPossible(reading.value, before, reading);
      before = reading;
      index += 1;
      continue;
    }
    const back = rest[closing] as Reading;
    total += ifPossible(back.value - before.value, before, back);
    before = back;
    index = closing + 1;
  }
  return total;
}

/** The metres, or 0 where they would be faster than 200 km/h. */
function ifPossible(metres: number, before: Reading, reading: Reading): number {
  const kilometres = metres / 1000;
  const hours = (reading.at - before.at) / 3_600_000;
  return kilometres <= 200 * hours ? metres : 0;
}

function indexOfReturn(readings: readonly Reading[], from: number, before: Reading): number | null {
  for (let index = from; index < readings.length; index += 1) {
    const { at, value } = readings[index] as Reading;
    if (at - before.at > FAULT_AT_MOST) return null;
    if (value >= before.value) return index;
  }
  return null;
}
