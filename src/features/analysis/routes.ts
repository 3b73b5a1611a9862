import { Hono } from "hono";
import { ALL_TIME } from "../../domain/span.ts";
import type { AppEnv } from "../../http/context.ts";
import { validate } from "../../http/validate.ts";
import type { Deps } from "../../runtime.ts";
import { ownUserId, userParam } from "../accounts/own-user.ts";
import { curvePoint, findBestCurve, findRecords } from "../workouts/efforts.ts";
import { sumWorkouts } from "./repository.ts";
import { curveQuery, monthlyQuery, recordsQuery, sumsQuery } from "./schemas.ts";
import { monthlyTotals, readSpan, readTrainingLoad } from "./usecases.ts";

export function analysisRoutes({ database, now }: Pick<Deps, "database" | "now">) {
  return new Hono<AppEnv>()
    .get("/users/:userId/stats", validate("param", userParam), async (c) => {
      const userId = ownUserId(c.get("identity"), c.req.valid("param"));
      const { workoutCount, ...totals } = await sumWorkouts(database, userId, ALL_TIME);
      return c.json({ totalWorkouts: workoutCount, ...totals });
    })
    .get("/stats", validate("query", sumsQuery), async (c) => {
      const { userId } = c.get("identity");
      const query = c.req.valid("query");
      return c.json(
        await sumWorkouts(database, userId, await readSpan(database, userId, query), query.sport),
      );
    })
    .get("/stats/monthly", validate("query", monthlyQuery), async (c) => {
      return c.json({
        months: await monthlyTotals(database, c.get("identity").userId, c.req.valid("query")),
      });
    })
    .get("/records", validate("query", recordsQuery), async (c) => {
      const { userId } = c.get("identity");
      const { sport, ...query } = c.req.valid("query");
      const span = await readSpan(database, userId, query);
      return c.json({ records: await findRecords(database, userId, sport, span) });
    })
    .get("/power-curve", validate("query", curveQuery), async (c) => {
      const { userId } = c.get("identity");
      const { metric, sport, ...query } = c.req.valid("query");
      const span = await readSpan(database, userId, query);
      const efforts = await findBestCurve(database, userId, { metric, sport }, span);
      return c.json({ points: efforts.map(curvePoint) });
    })
    .get("/training-load", validate("query", sumsQuery), async (c) => {
      const { userId } = c.get("identity");
      return c.json({ days: await readTrainingLoad(database, userId, c.req.valid("query"), now()) });
    });
}
