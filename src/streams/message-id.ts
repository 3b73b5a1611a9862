import type { MessageId } from "./buffer.ts";

export const FIRST_MESSAGE_ID: MessageId = "0-0";
export const LAST_MESSAGE_ID: MessageId = `${Number.MAX_SAFE_INTEGER}-${Number.MAX_SAFE_INTEGER}`;

export type IdParts = { milliseconds: number; sequence: number };

const PATTERN = /^(\d{1,15})(?:-(\d{1,15}))?$/;

/** The parts of an id, `sequence` being what is meant where only milliseconds are given; null if it is none. */
export function parseMessageId(text: string, sequence: number): IdParts | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  return { milliseconds: Number(match[1]), sequence: match[2] === undefined ? sequence : Number(match[2]) };
}

export function formatMessageId({ milliseconds, sequence }: IdParts): MessageId {
  return `${milliseconds}-${sequence}`;
}

/** Negative when a comes before b, zero when they are the same, positive after. */
export function compareMessageIds(a: MessageId, b: MessageId): number {
  const left = idParts(a);
  const right = idParts(b);
  return left.milliseconds - right.milliseconds || left.sequence - right.sequence;
}

export function latestMessageId(ids: readonly MessageId[]): MessageId | undefined {
  return ids.toSorted(compareMessageIds).at(-1);
}

/** The parts of an id that this program made. */
export function idParts(id: MessageId): IdParts {
  const dash = id.indexOf("-");
  return { milliseconds: Number(id.slice(0, dash)), sequence: Number(id.slice(dash + 1)) };
}

/** The id that follows `last` when the clock reads `now`: it increases even if the clock steps back. */
export function nextMessageId(last: IdParts, now: number): IdParts {
  return now > last.milliseconds
    ? { milliseconds: now, sequence: 0 }
    : { milliseconds: last.milliseconds, sequence: last.sequence + 1 };
}

/** The smallest id after this one. */
export function followingMessageId(id: MessageId): MessageId {
  const { milliseconds, sequence } = idParts(id);
  return formatMessageId({ milliseconds, sequence: sequence + 1 });
}
