import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Context } from "hono";
import { accepts } from "hono/accepts";

/** Answers with a document. */
export type Asset = (c: Context) => Response;

/** Not on the main thread: on a small machine, a script takes a good part of a second. */
const compress = promisify(gzip);

/** Keeps the content compressed, since nearly everybody takes it so. */
export async function createAsset(
  content: string | Uint8Array,
  headers: Record<string, string>,
): Promise<Asset> {
  const gzipped = new Uint8Array(await compress(content));
  const allHeaders = {
    ETag: `"${Bun.hash(content).toString(36)}"`,
    Vary: "Accept-Encoding",
    ...headers,
  };
  return (c) => {
    const encoding = accepts(c, { header: "Accept-Encoding", supports: ["gzip"], default: "identity" });
    if (encoding === "identity") return c.body(Bun.gunzipSync(gzipped), 200, allHeaders);
    return c.body(gzipped, 200, { ...allHeaders, "Content-Encoding": "gzip" });
  };
}
