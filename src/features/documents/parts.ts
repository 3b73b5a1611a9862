import type { JSONValue } from "hono/utils/types";
import { z } from "zod";

// What answers of several features are made of.

export const id = z.uuid();
export const time = z.iso.datetime();
export const success = z.literal(true);
export const sentence = z.string().describe("A sentence for a person.");
export const streamName = z.string().meta({ examples: ["evening"] });
export const messageId = z
  .string()
  .meta({ description: "`<milliseconds>-<sequence>`, increasing.", examples: ["1767225600000-0"] });

export const anything = z.custom<JSONValue>().describe("Any JSON.");

const reading = (description: string) => z.number().nullable().describe(description).exactOptional();

export const sample = z
  .object({
    timestamp: z.number().describe("Epoch ms; without one, a sample takes the time at which it arrives."),
    power: reading("W"),
    cadence: reading("rpm"),
    heartrate: reading("bpm"),
    speed: reading("km/h"),
    distance: reading("m, since the beginning of the ride"),
    altitude: reading("m"),
    incline: reading("%"),
    temperature: reading("°C"),
  })
  .catchall(anything)
  .meta({
    id: "Sample",
    description:
      "One reading of the sensors. Other fields, and values that are no numbers, are kept as they come.",
    examples: [{ timestamp: 1767225600000, power: 210, cadence: 88, heartrate: 141, speed: 31.5 }],
  });
