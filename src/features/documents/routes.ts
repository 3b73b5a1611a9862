import { type Context, Hono } from "hono";
import { etag } from "hono/etag";
import type { RouterRoute } from "hono/types";
import type { AppEnv } from "../../http/context.ts";
import { validate } from "../../http/validate.ts";
import type { Asset } from "./asset.ts";
import { type FileName, fileParam } from "./schemas.ts";

type Name = FileName | "openapi.json" | "docs";

/**
 * The description of `routes`, for programs and for people. What it is made of is larger than all the rest of the
 * service: none of it is loaded before it is asked for, and then each part is made once.
 */
export function documentRoutes(routes: readonly RouterRoute[]) {
  const assets = new Map<Name, Promise<Asset>>();

  async function send(c: Context<AppEnv>, name: Name, create: () => Promise<Asset>): Promise<Response> {
    const asset = assets.get(name) ?? create();
    assets.set(name, asset);
    // It may work the next time.
    asset.catch(() => assets.delete(name));
    return (await asset)(c);
  }

  return new Hono<AppEnv>()
    .get("/openapi.json", etag(), (c) =>
      send(c, "openapi.json", async () => (await import("./document.ts")).createOpenApi(routes)),
    )
    .get("/docs", etag(), (c) => send(c, "docs", async () => (await import("./swagger-ui.ts")).createPage()))
    .get("/docs/:file", etag(), validate("param", fileParam), (c) => {
      const { file } = c.req.valid("param");
      return send(c, file, async () => (await import("./swagger-ui.ts")).createFile(file));
    });
}
