import type { Sample } from "../../src/domain/sample.ts";
import type { Summary } from "../../src/domain/summary.ts";
import { type EventReader, openEvents } from "./sse.ts";

export type Workout = {
  id: string;
  streamName: string;
  title: string | null;
  status: string;
  startTime: string;
  endTime: string | null;
  duration: number | null;
  summary: Summary | null;
};

export type Completed = { workout: Workout; archivedMessages: number };
export type Posted = { messageId: string };
type PostedBatch = { accepted: number; firstMessageId: string; lastMessageId: string };
export type StoredMessage = { id: string; data: { message: string; timestamp: number } };

type Init = Omit<RequestInit, "headers"> & { headers?: Record<string, string>; json?: unknown };

/** The service answered, and not with success. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(`The service answered ${status}: ${text}`);
  }
}

/** Somebody with an account on a server. */
export interface Rider {
  readonly accessToken: string;
  request(path: string, init?: Init): Promise<Response>;
  /**
   * The JSON of a successful answer, taken to be of the type that is asked for.
   * @throws AnswerError
   */
  call<Answer>(method: string, path: string, json?: unknown): Promise<Answer>;
  postBatch(streamName: string, samples: readonly Sample[], as: "json" | "ndjson"): Promise<PostedBatch>;
  /** Server-sent events of a path such as `ride/listen`. */
  listen(path: string, lastEventId?: string): Promise<EventReader>;
}

type Server = { readonly url: string };

/** Registers a new account; the calls go to wherever the server serves at the time. */
export function registerRider(server: Server, email = "rider@example.org"): Promise<Rider> {
  return enter("register", server, email);
}

/** Logs in to one that was registered so. */
export function logInRider(server: Server, email = "rider@example.org"): Promise<Rider> {
  return enter("login", server, email);
}

async function enter(how: "register" | "login", server: Server, email: string): Promise<Rider> {
  const response = await fetch(`${server.url}/api/auth/${how}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password: "correct horse battery" }),
  });
  const { accessToken } = await answerOf<{ accessToken: string }>(response);
  return riderWith(server, accessToken);
}

function riderWith(server: Server, accessToken: string): Rider {
  const request = (path: string, { json, headers, ...init }: Init = {}) =>
    fetch(server.url + path, {
      ...init,
      headers: {
        Authorization: `Bearer ${accessToken}`,
        ...(json !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });

  return {
    accessToken,
    request,
    call: async <Answer>(method: string, path: string, json?: unknown) =>
      answerOf<Answer>(await request(path, { method, json })),
    async postBatch(streamName, samples, as) {
      const path = `/api/streams/${streamName}/messages/batch`;
      const body = samples.map((sample) => `${JSON.stringify(sample)}\n`).join("");
      const headers = { "Content-Type": "application/x-ndjson" };
      const init = as === "ndjson" ? { body, headers } : { json: { messages: samples } };
      return answerOf<PostedBatch>(await request(path, { method: "POST", ...init }));
    },
    listen: (path, lastEventId) =>
      openEvents(`${server.url}/api/streams/${path}`, {
        Authorization: `Bearer ${accessToken}`,
        ...(lastEventId !== undefined && { "Last-Event-ID": lastEventId }),
      }),
  };
}

async function answerOf<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  if (!response.ok) throw new AnswerError(response.status, text);
  return JSON.parse(text) as Answer;
}
