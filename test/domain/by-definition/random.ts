/** Numbers that a seed alone decides (mulberry32). */
export type Random = {
  /** From 0 to below 1. */
  real(): number;
  between(least: number, most: number): number;
  /** Both ends within. */
  integer(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
};

export function randomOf(seed: number): Random {
  let state = seed | 0;
  const real = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (least: number, most: number) => least + Math.floor(real() * (most - least + 1));
  return {
    real,
    integer,
    between: (least, most) => least + real() * (most - least),
    chance: (probability) => real() < probability,
    pick: (items) => items[integer(0, items.length - 1)] ?? items[0],
  };
}
