import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { login, PASSWORD } from "../features/accounts/accounts.ts";
import { sendBatch } from "../features/streams/streams.ts";
import { eachSecond, finishedRide, history, startRide } from "../features/workouts/rides.ts";
import { startStore, TOKEN } from "../streams/redis-support.ts";
import { registerRider } from "../support/accounts.ts";
import { createTestApp } from "../support/app.ts";
import { runCommand } from "../support/command.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { describeWithRedis } from "../support/redis.ts";
import { describeWithSqld, startSqld } from "../support/sqld.ts";

setDefaultTimeout(60_000);

const EMAIL = "rider@example.org";

describeWithSqld("with a remote database", () => {
  describeWithRedis("and Redis", () => {
    test("the commands do the same, live streams included, from any machine", async () => {
      await using sqld = await startSqld();
      await using store = await startStore();
      const shared = {
        DATABASE_URL: sqld.url,
        UPSTASH_REDIS_REST_URL: store.front.url,
        UPSTASH_REDIS_REST_TOKEN: TOKEN,
      };
      const elsewhere = await temporaryDirectory();
      const archive = join(elsewhere.path, "rider.tar.gz");
      const run = (...words: string[]) =>
        runCommand(words, { DATA_DIR: join(elsewhere.path, "data"), ...shared }, { input: PASSWORD });

      expect((await run("migrate", "--status")).output).toContain("pending");
      expect((await run("migrate")).output).toContain("migrations applied");
      const app = await createTestApp(shared);
      const rider = await registerRider(app, EMAIL);
      const other = await registerRider(app);
      await finishedRide(rider, eachSecond(60));
      const { streamName } = await startRide(rider);
      await sendBatch(rider, streamName, eachSecond(30));
      await sendBatch(other, streamName, eachSecond(3));
      expect((await run("user", "list")).output).toMatch(new RegExp(`${EMAIL} .* 2 +2026-06-01$`, "m"));

      const exported = await run("export", EMAIL, "--to", archive);
      expect(exported.output).toContain("2 rides with 90 samples");
      expect(await run("user", "delete", EMAIL, "--yes")).toMatchObject({
        output: `${EMAIL} is deleted, with 2 workouts.\n`,
        exitCode: 0,
      });
      expect((await app.deps.buffer.list()).map(({ owner }) => owner)).toEqual([other.userId]);

      const imported = await run("import", archive);
      expect(imported.output).toEndWith("as they are in the archive: 2 rides, 90 samples.\n");
      const { user, accessToken } = await login(app, EMAIL);
      expect(user.id).toBe(rider.userId);
      const { output } = await run("api-key", "create", EMAIL, "--name", "phone");
      const there = {
        ...rider,
        ok: async <Body>(path: string) => {
          const response = await app.request(path, { apiKey: output.trim() });
          return (await response.json()) as Body;
        },
      };
      expect((await history(there)).map(({ status }) => status)).toEqual(["COMPLETED", "COMPLETED"]);
      expect(accessToken).not.toBe("");
      await app.close();
      await elsewhere.remove();
    });
  });
});
