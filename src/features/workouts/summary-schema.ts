import { z } from "zod";
import type { Summary } from "../../domain/summary.ts";

const known = (description: string) => z.number().nullable().describe(description);
const seconds = (description: string) => z.number().min(0).describe(description);

/** From durations in seconds to values. */
export const curveSchema = z.record(z.string().regex(/^[1-9]\d{0,8}$/), z.number().min(0)).nullable();

/** What a ride is summed up to: as it is answered, and as an export has it. */
export const summarySchema = z
  .object({
    sampleCount: z.int().min(0).describe("Samples that were sent twice count once."),
    skippedSamples: z
      .int()
      .min(0)
      .describe("Samples of a clock that was wrong: kept, and left out of all metrics."),
    skippedMessages: z.int().min(0).describe("Messages that are no samples."),
    elapsedTime: seconds("s, pauses included"),
    recordedTime: seconds("s, without pauses"),
    movingTime: seconds("s"),
    poweredTime: seconds("s, for which power is known"),
    avgPower: known("W"),
    maxPower: known("W"),
    normalizedPower: known("W"),
    intensityFactor: known("Normalized power over FTP."),
    trainingStress: known("TSS: an hour at FTP, or at the threshold heart rate, is 100."),
    stressSource: z
      .enum(["power", "heartrate"])
      .nullable()
      .describe("What the training stress is worked out from."),
    variabilityIndex: known("Normalized over average power."),
    efficiencyFactor: known("Normalized power over average heart rate, W/bpm."),
    decoupling: known("%"),
    avgCadence: known("rpm, without coasting"),
    maxCadence: known("rpm"),
    avgHeartrate: known("bpm"),
    maxHeartrate: known("bpm"),
    avgSpeed: known("km/h"),
    maxSpeed: known("km/h"),
    totalDistance: known("m"),
    elevationGain: known("m"),
    totalEnergy: known("kJ"),
    ftp: known("W, the one in force on the day"),
    powerZones: z.array(z.number()).length(7).nullable().describe("s in each of Coggan's seven zones"),
    powerCurve: curveSchema.describe("From durations in s to the best mean power over so long, in W."),
  })
  .meta({
    id: "Summary",
    description: "The metrics of a ride; null what cannot be known.",
  }) satisfies z.ZodType<Summary>;
