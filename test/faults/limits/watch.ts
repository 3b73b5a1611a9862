import { join } from "node:path";
import type { TestServer } from "../../support/server.ts";
import type { Longest } from "../limits-probe.ts";

/** What one step did to others, and what it took: ms, MB, s. */
export type Seen = Longest & { peak: number; took: number };

/** Another client of a server. */
export interface Watch extends AsyncDisposable {
  /** Does some work, and sees what others have of it meanwhile. */
  during(work: () => Promise<unknown>): Promise<Seen>;
}

export async function watch(server: Pick<TestServer, "url" | "pid">): Promise<Watch> {
  let answered = Promise.withResolvers<Longest>();
  const probe = Bun.spawn(
    [process.execPath, join(import.meta.dir, "../limits-probe.ts"), server.url, String(server.pid)],
    { ipc: (message) => answered.resolve(message as Longest), stdout: "inherit", stderr: "inherit" },
  );
  const tell = (word: "begin" | "end") => {
    answered = Promise.withResolvers();
    probe.send(word);
    return Promise.race([answered.promise, probe.exited.then(() => Promise.reject(new Error("No probe.")))]);
  };
  await tell("begin");
  return {
    async during(work) {
      await tell("begin");
      await resetPeak(server.pid);
      const began = performance.now();
      await work();
      const took = (performance.now() - began) / 1000;
      return { ...(await tell("end")), peak: await peakMegabytes(server.pid), took };
    },
    async [Symbol.asyncDispose]() {
      probe.kill();
      await probe.exited;
    },
  };
}

/** Of the memory that the kernel notes as the most that a process has had. */
async function resetPeak(pid: number): Promise<void> {
  await Bun.write(`/proc/${pid}/clear_refs`, "5");
}

async function peakMegabytes(pid: number): Promise<number> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
