import { test } from "bun:test";
import { kindOf, playRound } from "../faults/rounds.ts";

// `bun test/faults/kill.ts` plays as many rounds as one likes, also again from a seed.
const firstSeed = Math.floor(Math.random() * 1_000_000);

for (let seed = firstSeed; seed < firstSeed + 6; seed++) {
  test(`kill -9, ${kindOf(seed)}, seed ${seed}: what was acknowledged is kept`, async () => {
    await playRound(seed);
  }, 20_000);
}
