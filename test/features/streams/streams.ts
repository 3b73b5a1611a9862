import type { Rider } from "../../support/accounts.ts";

export type StoredMessage = { id: string; data: { message: string; timestamp: number; author?: string } };
export type StreamEntry = {
  name: string;
  length: number;
  firstMessageId: string | null;
  lastMessageId: string | null;
};
export type BatchAnswer = {
  success: true;
  accepted: number;
  firstMessageId: string;
  lastMessageId: string;
  streamName: string;
};

/** Appends one message and gives its id. */
export async function append(rider: Rider, stream: string, message: string | object): Promise<string> {
  const path = `/api/streams/${stream}/messages`;
  return (await rider.send<{ messageId: string }>("POST", path, { message })).messageId;
}

export function sendBatch(rider: Rider, stream: string, messages: readonly unknown[]): Promise<BatchAnswer> {
  return rider.send("POST", `/api/streams/${stream}/messages/batch`, { messages });
}

export const NDJSON = { "Content-Type": "application/x-ndjson" };

export async function readStream(
  rider: Rider,
  stream: string,
  query = "?count=1000",
): Promise<StoredMessage[]> {
  const path = `/api/streams/${stream}/messages${query}`;
  return (await rider.ok<{ messages: StoredMessage[] }>(path)).messages;
}

export async function textsIn(rider: Rider, stream: string, query?: string): Promise<string[]> {
  return (await readStream(rider, stream, query)).map(({ data }) => data.message);
}

export async function listStreams(rider: Rider): Promise<StreamEntry[]> {
  return (await rider.ok<{ streams: StreamEntry[] }>("/api/streams")).streams;
}

export async function streamNames(rider: Rider): Promise<string[]> {
  return (await listStreams(rider)).map(({ name }) => name).sort();
}
