import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

type Environment = Record<string, string>;

/** A command as a process, with nothing of this process's environment but the path. */
export function startCommand(args: string[], environment: Environment) {
  return Bun.spawn([process.execPath, "--no-env-file", "src/main.ts", ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

export async function outcomeOf(command: ReturnType<typeof startCommand>) {
  const [output, errors, exitCode] = await Promise.all([
    command.stdout.text(),
    command.stderr.text(),
    command.exited,
  ]);
  return { output, errors: errors.trim(), exitCode };
}

export function runCommand(args: string[], environment: Environment) {
  return outcomeOf(startCommand(args, environment));
}

/** The JSON that a command prints, which must succeed. */
export async function jsonOf<Answer>(args: string[], environment: Environment): Promise<Answer> {
  const { output, errors, exitCode } = await runCommand([...args, "--json"], environment);
  if (exitCode !== 0) throw new Error(errors);
  return JSON.parse(output) as Answer;
}
