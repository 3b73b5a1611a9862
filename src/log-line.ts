import { styleText } from "node:util";

type LoggedError = { type: string; message: string; stack?: string; cause?: LoggedError };

const STYLES = {
  trace: "dim",
  debug: "dim",
  info: "green",
  warn: "yellow",
  error: "red",
  fatal: "red",
} as const;

/** A line of the log for a terminal, from the same line as JSON. */
export function readableLine(json: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(json) as {
    time: string;
    level: keyof typeof STYLES;
    msg: string;
    err?: LoggedError;
  };
  const clock = styleText("dim", new Date(time).toLocaleTimeString("en-GB"));
  const label = styleText(STYLES[level], level.padEnd(5));
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`);
  return `${clock} ${label} ${shown(msg)}${styleText("dim", rest.join(""))}\n${err ? errorLines(err) : ""}`;
}

function errorLines({ type, message, stack = `${type}: ${message}`, cause }: LoggedError): string {
  const lines = stack.split("\n").map((line) => `  ${shown(line)}\n`);
  return lines.join("") + (cause ? `  because of\n${errorLines(cause)}` : "");
}

/** Without control characters, on which a terminal would act. */
function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replace(/\p{Cc}/gu, " ");
}
