import type { Rider } from "../../support/accounts.ts";
import { rideAt } from "../analysis/analysis.ts";
import { summaryOf } from "../workouts/rides.ts";

/** Completes a minute at 200 W. */
export async function rideMinute(rider: Rider, time: string): Promise<string> {
  return (await rideAt(rider, time, { power: 200 }, 60)).id;
}

/** What such a minute is worth: a sixtieth of an hour at IF² · 100, all of it in one zone. */
export const AT_200 = {
  ftp: 200,
  intensityFactor: 1,
  trainingStress: 1.7,
  stressSource: "power" as const,
  powerZones: [0, 0, 0, 60, 0, 0, 0],
};
export const AT_250 = {
  ftp: 250,
  intensityFactor: 0.8,
  trainingStress: 1.1,
  stressSource: "power" as const,
  powerZones: [0, 0, 60, 0, 0, 0, 0],
};
export const AT_400 = {
  ftp: 400,
  intensityFactor: 0.5,
  trainingStress: 0.4,
  stressSource: "power" as const,
  powerZones: [60, 0, 0, 0, 0, 0, 0],
};
export const WITHOUT_FTP = {
  ftp: null,
  intensityFactor: null,
  trainingStress: null,
  stressSource: null,
  powerZones: null,
};

/** The FTP in the summary of each ride. */
export function ftpsOf(rider: Rider, ...ids: string[]): Promise<(number | null | undefined)[]> {
  return Promise.all(ids.map(async (id) => (await summaryOf(rider, id))?.ftp));
}
