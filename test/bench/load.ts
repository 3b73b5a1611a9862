/*
 * A load generator in a process of its own: keeps `connections` requests in flight over raw sockets, so that on
 * two cores it takes as little as possible from the server it measures. Prints a LoadResult as JSON.
 */

export type LoadOptions = {
  port: number;
  path: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  warmupMs: number;
  durationMs: number;
};

export type LoadResult = { requestsPerSecond: number; p50: number; p99: number; failures: number };

const decoder = new TextDecoder("latin1");

async function run(options: LoadOptions): Promise<LoadResult> {
  const { port, connections, warmupMs, durationMs } = options;
  const request = requestBytes(options);
  const latencies: number[] = [];
  let failures = 0;
  const measureFrom = performance.now() + warmupMs;
  const end = measureFrom + durationMs;
  const finished: Promise<void>[] = [];
  for (let index = 0; index < connections; index++) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    finished.push(promise);
    let sentAt = 0;
    let received = "";
    await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open(socket) {
          sentAt = performance.now();
          socket.write(request);
        },
        data(socket, chunk) {
          received += decoder.decode(chunk);
          if (!isComplete(received)) return;
          const now = performance.now();
          if (now >= measureFrom) {
            latencies.push(now - sentAt);
            if (!received.startsWith("HTTP/1.1 200")) failures += 1;
          }
          received = "";
          if (now >= end) return void socket.end();
          sentAt = now;
          socket.write(request);
        },
        close: () => resolve(),
        error: (_, error) => reject(error),
      },
    });
  }
  await Promise.all(finished);
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return {
    requestsPerSecond: (latencies.length / durationMs) * 1000,
    p50: quantile(0.5),
    p99: quantile(0.99),
    failures,
  };
}

function requestBytes({ port, path, headers, body }: LoadOptions): Uint8Array {
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    "Content-Length": String(body.length),
    ...headers,
  });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return new TextEncoder().encode(`POST ${path} HTTP/1.1\r\n${head}\r\n${body}`);
}

function isComplete(response: string): boolean {
  const headEnd = response.indexOf("\r\n\r\n");
  if (headEnd === -1) return false;
  const length = /content-length: (\d+)/i.exec(response)?.[1];
  return length !== undefined && response.length >= headEnd + 4 + Number(length);
}

if (import.meta.main) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? "{}"))));
}
