/** Redis's clock as seen from here. Neither clock of this machine needs to agree with it. */
export interface RedisClock {
  readonly known: boolean;
  /** What it shows at a moment by performance.now(), in epoch ms; never more than that, as far as is known. */
  at(moment: number): number;
  /** Learns that it showed `time` at some moment between two by performance.now(). */
  learn(time: number, from: number, to: number): void;
}

export function createRedisClock(): RedisClock {
  /** What it shows when performance.now() is zero. */
  let offset: number | undefined;
  return {
    get known() {
      return offset !== undefined;
    },
    at: (moment) => (offset ?? 0) + moment,
    learn(time, from, to) {
      const least = time - to;
      const most = time - from;
      // The greatest lower bound is the best one, until the clock is set and it holds no more.
      if (offset === undefined || offset < least || offset > most) offset = least;
    },
  };
}
