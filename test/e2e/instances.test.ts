import { test } from "bun:test";
import { describeWithRedis } from "../support/redis.ts";
import { describeWithSqld } from "../support/sqld.ts";
import { playInstances } from "./instances.ts";

// `bun run instances` plays it at full length.
describeWithRedis("two instances", () => {
  describeWithSqld("on one Redis and one remote database", () => {
    test("serve the same riders while Redis stops for a while and one of them is killed", async () => {
      await playInstances({
        riders: 10,
        perSecond: 5,
        seconds: 12,
        outage: { how: "pause", at: 2, seconds: 3 },
        losses: { at: 6, answers: 20 },
        kill: { at: 8, restartAt: 10 },
      });
    }, 40_000);
  });
});
