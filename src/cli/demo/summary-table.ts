import type { Summary } from "../../domain/summary.ts";

const BEST_EFFORTS = [
  { seconds: 5, label: "5 s" },
  { seconds: 60, label: "1 min" },
  { seconds: 300, label: "5 min" },
  { seconds: 1200, label: "20 min" },
];

/** The summary of a ride for people: a label, and what is known, a line. */
export function summaryTable(summary: Summary): string {
  const rows: [label: string, value: string][] = [
    ["Duration", formatDuration(summary.elapsedTime)],
    ["Distance", amount(summary.totalDistance && summary.totalDistance / 1000, "km", 2)],
    ["Elevation gain", amount(summary.elevationGain, "m")],
    ["Energy", amount(summary.totalEnergy, "kJ")],
    [
      "Power",
      `${averageAndMaximum(summary.avgPower, summary.maxPower, "W")}, normalized ${amount(summary.normalizedPower, "W")}`,
    ],
    ["Heart rate", averageAndMaximum(summary.avgHeartrate, summary.maxHeartrate, "bpm")],
    ["Cadence", averageAndMaximum(summary.avgCadence, summary.maxCadence, "rpm")],
    ["Speed", averageAndMaximum(summary.avgSpeed, summary.maxSpeed, "km/h", 1)],
    ...BEST_EFFORTS.flatMap(({ seconds, label }): [string, string][] => {
      const watts = summary.powerCurve?.[seconds];
      return watts === undefined ? [] : [[`Best ${label}`, amount(watts, "W")]];
    }),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join("");
}

/** As in 1:02:03, or 2:03 below an hour. */
export function formatDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  const rest = twoDigits(Math.floor(seconds % 60));
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${rest}` : `${minutes}:${rest}`;
}

function averageAndMaximum(average: number | null, maximum: number | null, unit: string, digits = 0): string {
  return `average ${amount(average, unit, digits)}, maximum ${amount(maximum, unit, digits)}`;
}

function amount(value: number | null, unit: string, digits = 0): string {
  return value === null ? "–" : `${value.toFixed(digits)} ${unit}`;
}
