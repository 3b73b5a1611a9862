import type { ConnectionOptions } from "../db/connection.ts";
import { Thread } from "../thread.ts";
import type { WriteConnection } from "./embedded-connection.ts";
import * as sql from "./embedded-sql.ts";

/** To be asked for one thing at a time. */
export type Writer = Thread<WriteConnection>;

/** In a thread of its own: a commit waits for the disk, and where none is flushed at once, folding the log in does. */
export function startWriter(): Writer {
  // The build script of the binary names this file as an entry point beside main.ts.
  const file = new URL("./embedded-writer.ts", import.meta.url);
  return new Thread<WriteConnection>(file, { title: "The writer thread" });
}

/** Resolves to what is in the file, which then has its tables. @throws Error when a newer version of the program wrote it. */
export async function openFile(writer: Writer, options: ConnectionOptions) {
  await writer.call("open", options);
  const [version] = await writer.call("write", { statements: [sql.READ_VERSION] });
  if (Number(version?.value) > sql.FORMAT_VERSION) throw sql.writtenByNewer();
  const results = await writer.call("write", { statements: [...sql.SCHEMA, sql.READ_STATE] });
  return sql.parseState(results.at(-1)?.value);
}
