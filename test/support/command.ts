import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const PROGRAM = [process.execPath, "--no-env-file", join(ROOT, "src/main.ts")];

type Environment = Record<string, string>;
type Options = { input?: string; directory?: string; onStart?: (interrupt: () => void) => void };
export type Outcome = { output: string; errors: string; exitCode: number };

/**
 * Runs a command of the program as a process of its own, with nothing of this one's environment but the path.
 * What it reads on standard input is `input`, and no terminal. `onStart` gets what can interrupt it, as Ctrl-C does.
 */
export async function runCommand(
  words: readonly string[],
  environment: Environment,
  { input = "", directory = ROOT, onStart }: Options = {},
): Promise<Outcome> {
  const command = Bun.spawn([...PROGRAM, ...words], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...environment },
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  onStart?.(() => command.kill("SIGINT"));
  const [output, errors, exitCode] = await Promise.all([
    command.stdout.text(),
    command.stderr.text(),
    command.exited,
  ]);
  return { output, errors, exitCode };
}

/** Runs a command on a terminal and types an answer at each question; resolves to all that the terminal showed. */
export async function runOnTerminal(
  words: readonly string[],
  environment: Environment,
  answers: readonly { at: string; type: string }[],
): Promise<{ shown: string; exitCode: number }> {
  let shown = "";
  let next = 0;
  const decoder = new TextDecoder();
  const command = Bun.spawn([...PROGRAM, ...words], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, TERM: "xterm", ...environment },
    terminal: {
      cols: 200,
      rows: 24,
      data(terminal, data) {
        shown += decoder.decode(data, { stream: true });
        const answer = answers[next];
        if (!answer || !shown.includes(answer.at)) return;
        next += 1;
        terminal.write(answer.type);
      },
    },
  });
  const exitCode = await command.exited;
  return { shown, exitCode };
}
