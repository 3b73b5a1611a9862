import { createInterface, type Interface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UsageError } from "./usage-error.ts";

/**
 * A new password: asked for twice and without echo on a terminal, else the first line of standard input. Never an
 * argument, which the shell's history keeps and other users of the machine see.
 * @throws Error when the two differ or the question was left unanswered.
 */
export async function readNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    const [line = ""] = (await Bun.stdin.text()).split(/\r?\n/, 1);
    return line;
  }
  // The echo is readline's, from before the question until after the answers, and goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const [password = "", repeated] = await ask(lines, "New password: ", "\nOnce more: ");
  process.stderr.write("\n");
  if (password === repeated) return password;
  throw new Error("The two passwords differ. Nothing was changed.");
}

/**
 * Asks whether to go on.
 * @throws Error when the answer is no. UsageError where there is nobody to ask.
 */
export async function requireConsent(question: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new UsageError("There is no terminal to ask on. Say --yes to go on unasked.");
  const [answer = ""] = await ask(createInterface({ input: process.stdin }), `${question} [y/N] `);
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw nothingChanged();
}

/** @throws Error when Ctrl-C or Ctrl-D is the answer. */
async function ask(lines: Interface, ...questions: string[]): Promise<string[]> {
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = () => {
    process.stderr.write("\n");
    reject(nothingChanged());
  };
  lines.once("SIGINT", leave).once("close", leave);
  const answers: string[] = [];
  try {
    for (const question of questions) {
      process.stderr.write(question);
      answers.push(await Promise.race([lines.question(""), left]));
    }
    return answers;
  } finally {
    lines.off("close", leave).close();
  }
}

function nothingChanged(): Error {
  return new Error("Nothing was changed.");
}
