import { parseArgs } from "node:util";
import { backUpUnderLoad } from "./backups.ts";

/* bun test/faults/backup.ts [--riders 50] [--backups 5]: backs up while riders post, and looks what is in the backups. */
const { values } = parseArgs({
  options: { riders: { type: "string", default: "50" }, backups: { type: "string", default: "5" } },
});
const lines = await backUpUnderLoad({ riders: Number(values.riders), backups: Number(values.backups) });
process.stdout.write(`${lines.join("\n")}\n`);
