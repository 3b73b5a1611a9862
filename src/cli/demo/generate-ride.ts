import { round } from "../../domain/rounding.ts";
import { nextSpeed } from "./bicycle.ts";
import { plannedPower, THRESHOLD_POWER } from "./training-plan.ts";

/** One second of the ride: W, rpm, bpm, km/h, m, m, %, °C. */
export type RideSample = {
  timestamp: number;
  power: number;
  cadence: number;
  heartrate: number;
  speed: number;
  distance: number;
  altitude: number;
  incline: number;
  temperature: number;
};

export type RideOptions = {
  /** At least 60. */
  seconds: number;
  /** Epoch milliseconds of the first sample. */
  startTime: number;
  /** Even numbers from 0 to below 1, as of Math.random: the same ones make the same ride. */
  random: () => number;
};

const MAX_POWER = 600;
/** How long the heart takes for two thirds of its way to a new effort, in s. */
const HEART_LAG = 40;
const RESTING_HEARTRATE = 82;
const START_ALTITUDE = 240;

/** A plausible ride, one sample a second. */
export function* generateRide({ seconds, startTime, random }: RideOptions): Generator<RideSample> {
  const noise = () => random() + random() - 1;
  const inclineAt = course(random);
  let timestamp = startTime;
  let effort = 0;
  let heartrate = RESTING_HEARTRATE;
  let speed = 0;
  let distance = 0;
  let altitude = START_ALTITUDE;

  for (const planned of plannedPower(seconds)) {
    const incline = inclineAt(distance);
    const coasting = incline < -2 && planned < 0.7 * THRESHOLD_POWER;
    const wanted = coasting ? 0 : planned * (1 + 0.02 * incline + 0.1 * noise());
    effort += (wanted - effort) / 2;
    const power = coasting ? 0 : Math.min(MAX_POWER, Math.round(effort));
    heartrate += (heartrateFor(power) - heartrate) / HEART_LAG;
    speed = nextSpeed(speed, power, incline);
    distance += speed;
    altitude += (speed * incline) / 100;
    yield {
      timestamp,
      power,
      cadence: power === 0 ? 0 : cadenceFor(power, incline, 3 * noise()),
      heartrate: Math.round(heartrate),
      speed: round(speed * 3.6, 2),
      distance: round(distance, 1),
      altitude: round(altitude, 1),
      incline: round(incline, 1),
      temperature: round(19 - (altitude - START_ALTITUDE) * 0.0065 + 0.1 * noise(), 1),
    };
    timestamp += 1000;
  }
}

/** Rolling country: the incline in % at a distance in m. */
function course(random: () => number): (distance: number) => number {
  const [long, short] = [random() * 2 * Math.PI, random() * 2 * Math.PI];
  return (distance) => 2.2 * Math.sin(distance / 460 + long) + 1.3 * Math.sin(distance / 170 + short);
}

/** Where the heart would settle. */
function heartrateFor(power: number): number {
  return Math.min(188, RESTING_HEARTRATE + power * 0.36);
}

/** Riders spin faster the harder they ride, and slower uphill. */
function cadenceFor(power: number, incline: number, variation: number): number {
  const cadence = 82 + power / 40 - 2.5 * incline + variation;
  return Math.round(Math.min(110, Math.max(60, cadence)));
}
