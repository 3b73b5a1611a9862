/** Rider and bicycle, kg. */
const MASS = 84;
const GRAVITY = 9.81;
const ROLLING_RESISTANCE = 0.005;
/** Half the density of air times the area that the rider shows to it, kg/m. */
const AIR_RESISTANCE = 0.5 * 1.2 * 0.33;
/** What the chain leaves of the power. */
const EFFICIENCY = 0.97;

/**
 * The speed in m/s one second later, from `speed` in m/s, `power` in W and `incline` in %: what the rider puts in,
 * less what air, tyres and hill take, is what the motion gains. By energy, since force is power over a speed of 0.
 */
export function nextSpeed(speed: number, power: number, incline: number): number {
  const weight = MASS * GRAVITY;
  const resistance = AIR_RESISTANCE * speed ** 2 + weight * (ROLLING_RESISTANCE + incline / 100);
  const energy = (MASS * speed ** 2) / 2 + power * EFFICIENCY - resistance * speed;
  return Math.sqrt(Math.max(0, (2 * energy) / MASS));
}
