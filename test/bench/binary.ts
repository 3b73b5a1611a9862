import { existsSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../support/directory.ts";
import { startServer } from "../support/server.ts";
import { firstAnswer } from "./footprint.ts";
import { median, residentMegabytes } from "./processes.ts";
import type { Row } from "./table.ts";

const BINARY = join(import.meta.dir, `../../dist/bpt-linux-${process.arch}`);

/** Memory at rest of what `bun run build` has made, and the time to its first answer. */
export async function binary(quick: boolean): Promise<Row[]> {
  if (!existsSync(BINARY)) return [];
  const directory = await temporaryDirectory();
  const program = { command: [BINARY], cwd: directory.path };
  const starts: number[] = [];
  for (let round = 0; round < (quick ? 3 : 15); round++) starts.push(await firstAnswer(program));
  await using server = await startServer({ program });
  await Bun.sleep(2000);
  const idle = await residentMegabytes(server.pid);
  await directory.remove();
  return [
    { what: "Memory at rest, the binary", measured: idle, unit: "MB", target: "under 80", met: idle < 80 },
    {
      what: "First answer of the binary, median",
      measured: median(starts),
      unit: "ms",
      target: "under 100",
      met: median(starts) < 100,
    },
  ];
}
