import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { createClient } from "../../src/client.ts";
import { type RunningServer, startServer } from "../../src/server.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { temporaryDirectory } from "../support/directory.ts";

setDefaultTimeout(20_000);

const FAST = ["--speed", "100000", "--minutes", "2"];

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  temporary = await temporaryDirectory();
});

afterEach(() => temporary.remove());

/** The command as a process, with settings around it that it must not mind. */
function startDemo(...options: string[]) {
  return Bun.spawn([process.execPath, "src/main.ts", "demo", ...options], {
    env: {
      ...process.env,
      TMPDIR: temporary.path,
      DATA_DIR: "/nowhere",
      PORT: "none",
      AUTH_MODE: "required",
    },
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function outcome(demo: ReturnType<typeof startDemo>) {
  const [output, errors, exitCode] = await Promise.all([
    new Response(demo.stdout).text(),
    new Response(demo.stderr).text(),
    demo.exited,
  ]);
  return { output, errors, exitCode };
}

describe("demo with a server of its own", () => {
  test("rides, shows what came back live, prints the summary and leaves nothing behind", async () => {
    const { output, errors, exitCode } = await outcome(startDemo(...FAST));
    expect(output).toMatch(/^ {2}Duration +2:00$/m);
    expect(output).toMatch(/^ {2}Power +average \d+ W, maximum \d+ W, normalized \d+ W$/m);
    expect(output).toMatch(/^ {2}Best 1 min +\d+ W$/m);
    expect(errors).toMatch(/ 2:00\/2:00 +\d+ W +\d+ bpm +\d+ rpm +[\d.]+ km\/h +\d+ m\n/);
    expect(errors).not.toContain("\x1b");
    expect(exitCode).toBe(0);
    expect(await readdir(temporary.path)).toEqual([]);
  });

  test("ends the ride at Ctrl-C with the summary so far", async () => {
    const demo = startDemo("--speed", "50", "--minutes", "600");
    const exited = demo.exited;
    let output = "";
    for await (const text of demo.stdout.pipeThrough(new TextDecoderStream())) {
      output += text;
      // Twice, as npx and bun run pass it on.
      if (text.includes("riding")) setTimeout(() => [demo.kill("SIGINT"), demo.kill("SIGINT")], 500);
    }
    const exitCode = await exited;
    expect(output).toContain("The ride was ended early.");
    expect(output).toMatch(/Duration +\d:\d\d\n/);
    expect(exitCode).toBe(0);
    expect(await readdir(temporary.path)).toEqual([]);
  });

  test.each([
    [["--speed", "0"], "Give a number from 1 to 100000.", 2],
    [["--speed", "fast"], "Give a number from 1 to 100000.", 2],
    [["--minutes", "Infinity"], "Give a number from 1 to 600.", 2],
    [["--url", "localhost:3000"], "Give an address such as http://127.0.0.1:3000.", 2],
    [["--api-key", "secret"], "--token and --api-key are for a server named by --url.", 2],
    [
      ["--url", "http://127.0.0.1:9"],
      "http://127.0.0.1:9 cannot be reached. Is the server running there?",
      1,
    ],
  ])("says what is wrong with %p", async (options, sentence, code) => {
    const { output, errors, exitCode } = await outcome(startDemo(...options));
    expect(output).toBe("");
    expect(errors).toEndWith(`${sentence}\n`);
    expect(errors.trim()).not.toContain("\n");
    expect(exitCode).toBe(code);
  });
});

describe("demo with the server named", () => {
  let app: TestApp;
  let server: RunningServer;

  async function serve(environment: Record<string, string>): Promise<void> {
    app = await createTestApp({ PORT: "0", ...environment });
    server = startServer(app);
  }

  afterEach(async () => {
    await server.stop();
    await app.close();
  });

  test("leaves the workout there, complete and ending about now", async () => {
    await serve({ AUTH_MODE: "single-user" });
    const { output, exitCode } = await outcome(startDemo("--url", server.url, ...FAST));
    expect(exitCode).toBe(0);
    const { workouts } = await (await createClient(server.url).api.workouts.$get({ query: {} })).json();
    const [workout] = workouts;
    expect(workout).toMatchObject({ title: "Demo ride", status: "COMPLETED", summary: { sampleCount: 120 } });
    expect(Math.abs(Date.now() - Date.parse(workout?.endTime ?? ""))).toBeLessThan(30_000);
    expect(output).toEndWith(`The workout is kept: ${server.url}/api/workouts/${workout?.id}\n`);
  });

  test("uses the access token it is given, and says that it needs one", async () => {
    await serve({});
    const registration = await app.request("/api/auth/register", {
      method: "POST",
      json: { email: "rider@example.org", password: "correct horse battery" },
    });
    const { accessToken } = (await registration.json()) as { accessToken: string };
    const admitted = await outcome(startDemo("--url", server.url, "--token", accessToken, ...FAST));
    expect(admitted).toMatchObject({ exitCode: 0, output: expect.stringContaining("The ride is complete.") });

    const refused = await outcome(startDemo("--url", server.url, ...FAST));
    expect(refused.exitCode).toBe(1);
    expect(refused.errors).toMatch(/^http:\S+ answered 401: .* Use --token or --api-key.\n$/);
  });

  test("loses no sample to a server that is away now and then", async () => {
    await serve({ AUTH_MODE: "single-user" });
    let posts = 0;
    const unreliable = Bun.serve({
      port: 0,
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        if (pathname.endsWith("/messages") && ++posts % 50 === 0) {
          return Response.json({ error: "Away." }, { status: 503, headers: { "Retry-After": "1" } });
        }
        const { method, headers } = request;
        const body = method === "POST" ? await request.text() : undefined;
        return fetch(`${server.url}${pathname}${search}`, {
          method,
          headers,
          ...(body !== undefined && { body }),
        });
      },
    });
    const { exitCode } = await outcome(startDemo("--url", unreliable.url.origin, ...FAST));
    await unreliable.stop(true);
    expect(exitCode).toBe(0);
    expect(posts).toBe(122);
    const { workouts } = await (await createClient(server.url).api.workouts.$get({ query: {} })).json();
    expect(workouts[0]).toMatchObject({ status: "COMPLETED", summary: { sampleCount: 120 } });
  });
});
