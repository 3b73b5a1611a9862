import { z } from "zod";
import type { Section } from "../documents/operation.ts";
import { curve, effort } from "../workouts/openapi.ts";

const sums = {
  totalDuration: z.number().describe("s"),
  totalDistance: z.number().describe("m"),
  totalEnergy: z.number().describe("kJ"),
  totalElevationGain: z.number().describe("m"),
  avgPower: z.number().nullable().describe("W, weighted by recorded time; null where no ride has power"),
  trainingStress: z.number().describe("TSS"),
};
const workoutCount = z.int().min(0);
const totals = z.object({ workoutCount, ...sums }).meta({ id: "Totals" });
const month = z
  .object({ year: z.int(), month: z.int().min(1).max(12), workoutCount, ...sums })
  .meta({ id: "Month" });
const userStatistics = z.object({ totalWorkouts: workoutCount, ...sums }).meta({ id: "UserStatistics" });

const trainingDay = z
  .object({
    date: z.iso.date(),
    stress: z.number().describe("The sum of the day's TSS."),
    fitness: z.number().describe("The mean stress, fading over 42 days."),
    fatigue: z.number().describe("The mean stress, fading over 7 days."),
    form: z.number().describe("Fitness less fatigue, both of the day before."),
  })
  .meta({ id: "TrainingDay" });

export const analysisSection = {
  name: "Analysis",
  description:
    "What completed and archived rides tell together. Days and months go by the rider's time zone.",
  operations: {
    "GET /api/users/:userId/stats": {
      operationId: "getUserStatistics",
      summary: "Sums over all rides",
      answer: { status: 200, description: "The sums.", json: userStatistics },
      errors: ["user_not_found"],
    },
    "GET /api/stats": {
      operationId: "getStatistics",
      summary: "Sums over the rides of a span",
      answer: { status: 200, description: "The sums.", json: totals },
    },
    "GET /api/stats/monthly": {
      operationId: "getMonthlyStatistics",
      summary: "Sums by month",
      answer: {
        status: 200,
        description: "The months in which there were rides.",
        json: z.object({ months: z.array(month) }),
      },
    },
    "GET /api/records": {
      operationId: "listRecords",
      summary: "Personal records",
      description:
        "The best mean over 5, 15, 30 s, 1, 2, 5, 10, 20, 30 and 60 min in rides of one sport. Ties go to the earlier; a best of zero is none.",
      answer: {
        status: 200,
        description: "One for each metric and duration.",
        json: z.object({ records: z.array(effort) }),
      },
    },
    "GET /api/power-curve": {
      operationId: "getBestCurve",
      summary: "The best mean power over every duration",
      description: "Of rides of one sport.",
      answer: { status: 200, description: "The curve, shortest duration first.", json: curve },
    },
    "GET /api/training-load": {
      operationId: "getTrainingLoad",
      summary: "Fitness, fatigue and form of every day",
      description: "From the first ride until today, unless `from` and `to` say otherwise.",
      answer: {
        status: 200,
        description: "Every day of the span.",
        json: z.object({ days: z.array(trainingDay) }),
      },
    },
  },
} satisfies Section;
