import { equal } from "node:assert/strict";
import {
  BUFFER_LIMITS,
  LISTENER_LIMITS,
  MAX_BATCH_BYTES,
  MAX_BATCH_MESSAGES,
  MAX_LISTED_MESSAGES,
  MAX_MESSAGE_BYTES,
} from "../../../src/limits.ts";
import { jsonOf } from "../../backup/commands.ts";
import { openStalledReader } from "../../support/stalled-reader.ts";
import { LONGEST_STREAM, type Stage } from "./stage.ts";

type Step = { what: string; act(): Promise<unknown> };

/** Something brought to its bound on a server of its own: what is done there, one step at a time. */
export type Scene = { name: string; steps(stage: Stage, quick: boolean): Promise<Step[]> };

const number = (value: number) => value.toLocaleString("en");
const FORMATS = ["json", "columns", "csv", "ndjson"];

/** Every kind of reading of a ride, under way or finished. */
function readings({ drain }: Stage, id: string, state: string): Step[] {
  return [
    { what: `its summary, ${state}`, act: () => drain(`/api/workouts/${id}/summary`) },
    ...FORMATS.map((format) => ({
      what: `its telemetry as ${format}, ${state}`,
      act: () => drain(`/api/workouts/${id}/telemetry?format=${format}`),
    })),
    {
      what: `the workout with its telemetry, ${state}`,
      act: () => drain(`/api/workouts/${id}?includeTelemetry=true`),
    },
    { what: `its power curve, ${state}`, act: () => drain(`/api/workouts/${id}/power-curve`) },
  ];
}

function post(stage: Stage, path: string) {
  return () => stage.drain(path, { method: "POST" });
}

/** Listens from the beginning until the stream's last message has come. */
async function replay({ server, rider }: Stage, streamName: string): Promise<void> {
  const { streams } = await rider.call<{ streams: { name: string; lastMessageId: string }[] }>(
    "GET",
    "/api/streams",
  );
  const last = `id: ${streams.find(({ name }) => name === streamName)?.lastMessageId}\n`;
  const leaving = new AbortController();
  const response = await fetch(`${server.url}/api/streams/${streamName}/listen?from=-`, {
    headers: { Authorization: `Bearer ${rider.accessToken}` },
    signal: leaving.signal,
  });
  let tail = "";
  for await (const chunk of response.body ?? []) {
    const text = tail + Buffer.from(chunk).toString("latin1");
    if (text.includes(last)) break;
    tail = text.slice(-last.length);
  }
  leaving.abort();
}

async function refused(stage: Stage, path: string, json: unknown, status: number): Promise<void> {
  const response = await stage.rider.request(path, { method: "POST", json });
  equal(response.status, status, await response.text());
}

const longestStream: Scene = {
  name: "a stream at its limit",
  async steps(stage, quick) {
    const count = quick ? LONGEST_STREAM / 10 : LONGEST_STREAM;
    const id = await stage.start("long");
    return [
      { what: `filled with ${number(count)} messages`, act: () => stage.post("long", count, 0.25) },
      ...(quick
        ? []
        : [
            {
              what: "one message more",
              act: () => refused(stage, "/api/streams/long/messages", { message: { power: 1 } }, 413),
            },
          ]),
      { what: "replayed to a listener", act: () => replay(stage, "long") },
      ...readings(stage, id, "under way"),
      { what: "completed", act: post(stage, `/api/workouts/${id}/complete`) },
      ...readings(stage, id, "completed"),
      { what: "archived", act: post(stage, `/api/workouts/${id}/archive`) },
      {
        what: "deleted for good",
        act: () => stage.drain(`/api/workouts/${id}?permanent=true`, { method: "DELETE" }),
      },
    ];
  },
};

const slowRecorder: Scene = {
  name: "300,000 samples 9.9 s apart",
  async steps(stage, quick) {
    const id = await stage.start("slow");
    await stage.post("slow", quick ? 30_000 : 300_000, 9.9);
    return [
      { what: "its power curve, under way", act: () => stage.drain(`/api/workouts/${id}/power-curve`) },
      { what: "completed", act: post(stage, `/api/workouts/${id}/complete`) },
    ];
  },
};

const largeMessages: Scene = {
  name: "2,800 messages of 100 kB",
  async steps(stage, quick) {
    const id = await stage.start("large");
    const list = `/api/streams/large/messages?count=${MAX_LISTED_MESSAGES}`;
    const eight = Array.from({ length: 8 });
    return [
      { what: "posted in batches", act: () => stage.postLarge("large", quick ? 280 : 2800) },
      {
        what: `${number(MAX_LISTED_MESSAGES)} listed, eight at once`,
        act: () => Promise.all(eight.map(() => stage.drain(list))),
      },
      {
        what: "the same by eight readers that take nothing",
        async act() {
          const { server, rider } = stage;
          const readers = await Promise.all(
            eight.map(() => openStalledReader(server.url + list, rider.accessToken)),
          );
          for (const reader of readers) reader[Symbol.dispose]();
        },
      },
      {
        what: "replayed to eight listeners",
        act: () => Promise.all(eight.map(() => replay(stage, "large"))),
      },
      ...readings(stage, id, "under way"),
      { what: "completed", act: post(stage, `/api/workouts/${id}/complete`) },
      ...readings(stage, id, "completed"),
    ];
  },
};

const batches: Scene = {
  name: "one request",
  async steps(stage) {
    const path = "/api/streams/ride/messages";
    const spare = Math.floor(MAX_BATCH_BYTES / MAX_BATCH_MESSAGES) - 60;
    const sample = (index: number) => ({ timestamp: 1e12 + index, power: 200, note: "x".repeat(spare) });
    const samples = Array.from({ length: MAX_BATCH_MESSAGES }, (_, index) => sample(index));
    const lines = samples.map((sample) => JSON.stringify(sample)).join("\n");
    const deep = (depth: number) => `{"timestamp":1,"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const deepest = deep(MAX_MESSAGE_BYTES / 2 - 20);
    const send = async (body: string, type: string, to = `${path}/batch`) => {
      const init = { method: "POST", body, headers: { "Content-Type": type } };
      const response = await stage.rider.request(to, init);
      await response.text();
      return response.status;
    };
    const json = (body: string, to?: string) => send(body, "application/json", to);
    const batchOf = (count: number, text: string) => `{"messages":[${Array(count).fill(text).join()}]}`;
    return [
      { what: "a batch of 2 MB as JSON", act: () => json(JSON.stringify({ messages: samples })) },
      { what: "a batch of 2 MB as lines", act: () => send(lines, "application/x-ndjson") },
      {
        what: "ten of them at once",
        act: () => Promise.all(samples.slice(0, 10).map(() => send(lines, "application/x-ndjson"))),
      },
      { what: "a batch of 690,000 empty objects", act: () => json(batchOf(690_000, "{}")) },
      { what: "a batch of 2 MB of fields", act: () => json(`{"messages":[{${fields(180_000)}}]}`) },
      { what: "a message nested as deep as it fits", act: () => json(`{"message":${deepest}}`, path) },
      { what: "a batch of such", act: () => json(batchOf(20, deepest)) },
      {
        what: "the same as lines",
        act: () => send(Array(20).fill(deepest).join("\n"), "application/x-ndjson"),
      },
      { what: "a batch nested through and through", act: () => json("[".repeat(MAX_BATCH_BYTES)) },
      {
        what: "settings nested as deep as they fit",
        act: () =>
          stage.rider.request("/api/users/me", { method: "PATCH", body: `{"settings":${deep(8000)}}` }),
      },
    ];
  },
};

const manyStreams: Scene = {
  name: `${number(BUFFER_LIMITS.streams)} streams`,
  async steps(stage, quick) {
    const count = quick ? BUFFER_LIMITS.streams / 10 : BUFFER_LIMITS.streams;
    const names = Array.from({ length: count }, (_, index) => `stream-${index}`);
    const inTurn = async (make: (name: string) => Promise<void>) => {
      for (let from = 0; from < count; from += 50) await Promise.all(names.slice(from, from + 50).map(make));
    };
    return [
      {
        what: "made, with 100 messages each",
        act: () => inTurn((name) => stage.post(name, 100, 1)),
      },
      { what: "listed", act: () => stage.drain("/api/streams") },
      {
        what: "replayed together",
        act: () => replayAll(stage, count * 100),
      },
      {
        what: "brought home as recovered rides",
        act: () => stage.drain("/api/streams/cleanup?retention=0", { method: "DELETE" }),
      },
    ];
  },
};

/** Listens until so many messages have come, each of three lines as the first event is. */
async function replayAll({ server, rider }: Stage, count: number): Promise<void> {
  const leaving = new AbortController();
  const response = await fetch(`${server.url}/api/streams/listenAll?from=-`, {
    headers: { Authorization: `Bearer ${rider.accessToken}` },
    signal: leaving.signal,
  });
  let ends = 0;
  for await (const chunk of response.body ?? []) {
    ends += Buffer.from(chunk).toString("latin1").split("\n").length - 1;
    if (ends >= 3 * count + 3) break;
  }
  leaving.abort();
}

const listeners: Scene = {
  name: `${number(LISTENER_LIMITS.ofOwner)} listeners`,
  async steps(stage, quick) {
    const count = quick ? LISTENER_LIMITS.ofOwner / 5 : LISTENER_LIMITS.ofOwner;
    const { server, rider } = stage;
    const sockets: Disposable[] = [];
    const listen = async () => {
      sockets.push(await openListener(`${server.url}/api/streams/ride/listen`, rider.accessToken));
    };
    return [
      {
        what: "come",
        async act() {
          for (let from = 0; from < count; from += 50) await Promise.all(Array.from({ length: 50 }, listen));
        },
      },
      {
        what: "hear 200 messages, one after another",
        async act() {
          for (let sent = 0; sent < 200; sent += 1) {
            await rider.call("POST", "/api/streams/ride/messages", { message: { power: sent } });
          }
        },
      },
      { what: "hear a batch of 5,000", act: () => stage.post("ride", MAX_BATCH_MESSAGES, 1) },
      {
        what: "leave",
        async act() {
          for (const socket of sockets) socket[Symbol.dispose]();
        },
      },
    ];
  },
};

/** On a bare socket, of which there may be more than the runtime has fetches; resolves once it hears. */
async function openListener(url: string, accessToken: string): Promise<Disposable> {
  const { hostname, port, pathname, host } = new URL(url);
  const begun = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(_, data) {
        if (data.subarray(0, 12).toString() === "HTTP/1.1 200") begun.resolve();
        else begun.reject(new Error(data.toString()));
      },
    },
  });
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${accessToken}\r\n\r\n`);
  await begun.promise;
  return { [Symbol.dispose]: () => socket.terminate() };
}

const manyRides: Scene = {
  name: "an account with 5,000 rides",
  async steps(stage, quick) {
    const id = await stage.start("hour");
    await stage.post("hour", 3600, 1);
    await stage.drain(`/api/workouts/${id}/complete`, { method: "POST" });
    await stage.copyRide(id, quick ? 500 : 5000);
    const { drain, server } = stage;
    const data = { DATA_DIR: server.directory };
    const get = (path: string) => ({ what: `GET ${path}`, act: () => drain(`/api/${path}`) });
    return [
      get("workouts?limit=100"),
      get("workouts?limit=100&q=nowhere"),
      get("workouts?limit=100&page=40"),
      get("stats"),
      get("stats/monthly?year=2025"),
      get("training-load"),
      get("records"),
      get("power-curve"),
      get("power-curve?from=2031-01-01"),
      { what: "GET metrics", act: () => drain("/metrics") },
      {
        what: "an FTP that changes all of them",
        async act() {
          const json = { ftp: 250, effectiveFrom: "2000-01-01" };
          await drain("/api/users/me/ftp", { method: "PUT", json });
          while (await remaining(stage)) await Bun.sleep(100);
        },
      },
      { what: "a backup meanwhile", act: () => jsonOf(["backup", "--to", `${server.directory}/to`], data) },
      {
        what: "an export meanwhile",
        act: () => jsonOf(["export", "rider@example.org", "--to", `${server.directory}/rider.tar.gz`], data),
      },
      { what: "the account deleted", act: () => drain("/api/users/me", { method: "DELETE" }) },
    ];
  },
};

async function remaining({ rider }: Stage): Promise<number> {
  const { remaining } = await rider.call<{ remaining: number }>("GET", "/api/users/me/rederiving");
  return remaining;
}

const trash: Scene = {
  name: "5,000 rides in the trash",
  async steps(stage, quick) {
    const id = await stage.start("hour");
    await stage.post("hour", 3600, 1);
    await stage.drain(`/api/workouts/${id}/complete`, { method: "POST" });
    await stage.copyRide(id, quick ? 500 : 5000, "DELETED");
    return [
      {
        what: "purged soon after a start",
        async act() {
          for (;;) {
            const { pagination } = await stage.rider.call<{ pagination: { total: number } }>(
              "GET",
              "/api/workouts?status=DELETED&limit=1",
            );
            if (pagination.total === 0) return;
            await Bun.sleep(50);
          }
        },
      },
    ];
  },
};

function fields(count: number): string {
  return Array.from({ length: count }, (_, index) => `"f${index}":1`).join();
}

export const scenes: Scene[] = [
  batches,
  largeMessages,
  longestStream,
  slowRecorder,
  manyStreams,
  listeners,
  manyRides,
  trash,
];
