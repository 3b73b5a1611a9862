/** Sums of many doubles fall short of an exact half by less than this; such a half still rounds up. */
const NOISE = 1e-9;

/** Rounds half up (towards +∞) to so many decimals; what is not known stays null. */
export function round(value: number, decimals?: number): number;
export function round(value: number | null, decimals?: number): number | null;
export function round(value: number | null, decimals = 0): number | null {
  if (value === null) return null;
  const scale = 10 ** decimals;
  return Math.floor(value * scale + 0.5 + NOISE) / scale;
}
