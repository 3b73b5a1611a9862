/** What the rider of the demo can hold for an hour, in W. */
export const THRESHOLD_POWER = 250;

const MINUTE = 60;

/** A stretch of the ride in s; the power asked for changes evenly, as shares of the threshold. */
type Phase = { seconds: number; from: number; to: number };

/** The power in W that the plan asks for in every second: warm-up, intervals, a sprint, cool-down. */
export function* plannedPower(seconds: number): Generator<number> {
  for (const phase of phases(seconds)) {
    for (let second = 0; second < phase.seconds; second++) {
      yield THRESHOLD_POWER * (phase.from + ((phase.to - phase.from) * second) / phase.seconds);
    }
  }
}

/** The lengths add up to `seconds`, which is at least a minute. */
function phases(seconds: number): Phase[] {
  const warmUp = Math.round(Math.min(seconds * 0.2, 20 * MINUTE));
  const sprint = Math.round(Math.min(seconds * 0.02, 12));
  const coolDown = Math.round(Math.min(seconds * 0.15, 15 * MINUTE));
  const main = seconds - warmUp - sprint - coolDown;
  const intervals = Math.max(3, Math.round(main / (8 * MINUTE)));
  const work = Math.round((main / intervals) * 0.65);
  const recovery = Math.floor(main / intervals) - work;
  return [
    { seconds: warmUp, from: 0.45, to: 0.75 },
    ...Array.from({ length: intervals }, () => [
      { seconds: work, from: 0.96, to: 1.02 },
      { seconds: recovery, from: 0.55, to: 0.55 },
    ]).flat(),
    { seconds: sprint, from: 2.2, to: 1.8 },
    { seconds: seconds - warmUp - sprint - intervals * (work + recovery), from: 0.6, to: 0.35 },
  ];
}
