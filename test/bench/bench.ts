import { parseArgs } from "node:util";
import { analysis } from "./analysis.ts";
import { binary } from "./binary.ts";
import { completion } from "./completion.ts";
import { footprint } from "./footprint.ts";
import { history } from "./history.ts";
import { ingest } from "./ingest.ts";
import { redis } from "./redis.ts";
import { slowDisk } from "./slow-disk.ts";
import { formatTable, type Row } from "./table.ts";

/* Figures of one run on one machine, to be compared with each other. It fails when something breaks, never when it is slow. */

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const rows: Row[] = [];
for (const section of [ingest, redis, slowDisk, completion, footprint, binary, history, analysis]) {
  process.stderr.write(`${section.name} …\n`);
  rows.push(...(await section(values.quick)));
}
process.stdout.write(`${formatTable(rows)}\n`);
