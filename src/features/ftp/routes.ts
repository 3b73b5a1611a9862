import { Hono } from "hono";
import { jsonBody } from "../../http/body.ts";
import type { AppEnv } from "../../http/context.ts";
import { validate } from "../../http/validate.ts";
import type { Deps } from "../../runtime.ts";
import { ownUserId, userParam } from "../accounts/own-user.ts";
import { countStale } from "../workouts/stale.ts";
import { type FtpRow, listFtp } from "./repository.ts";
import { ftpSchema } from "./schemas.ts";
import { setFtp } from "./usecases.ts";

const byUser = validate("param", userParam);

export function ftpRoutes(deps: Deps) {
  const { database } = deps;

  return new Hono<AppEnv>()
    .put("/:userId/ftp", byUser, jsonBody(ftpSchema), async (c) => {
      const userId = ownUserId(c.get("identity"), c.req.valid("param"));
      const { entry, rederiving } = await setFtp(deps, userId, c.req.valid("json"));
      return c.json({ ...present(entry), rederiving });
    })
    .get("/:userId/ftp-history", byUser, async (c) => {
      const rows = await listFtp(database, ownUserId(c.get("identity"), c.req.valid("param")));
      return c.json(rows.map(present));
    })
    .get("/:userId/rederiving", byUser, async (c) => {
      const userId = ownUserId(c.get("identity"), c.req.valid("param"));
      return c.json({ remaining: await countStale(database, userId) });
    });
}

function present({ effectiveFrom, effectiveDay, createdAt, ...entry }: FtpRow) {
  return { ...entry, effectiveFrom: effectiveFrom.toISOString(), createdAt: createdAt.toISOString() };
}
