/*
 * What a rider may send and keep, beyond which a request is refused with a sentence. docs/limits.md tells people of
 * them, and a test holds it against these.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** A message and a batch, in bytes. */
export const MAX_MESSAGE_BYTES = 100 * KIB;
/** Of the JSON text of a message, which may take six times its own size, where all of it is escaped. */
export const MAX_MESSAGE_BODY = 6 * MAX_MESSAGE_BYTES + KIB;
export const MAX_BATCH_BYTES = 2 * MIB;
export const MAX_BATCH_MESSAGES = 5000;

/** Of a rider. */
export const MAX_KEYS = 100;

/** Of a rider's settings as JSON. */
export const MAX_SETTINGS_BYTES = 16 * KIB;

/** Of training load at once: no rider trains for longer. */
export const LONGEST_SPAN_DAYS = 36_600;

/** Who listen at a time. */
export type ListenerLimits = { ofOwner: number; ofInstance: number };

export const LISTENER_LIMITS: ListenerLimits = { ofOwner: 500, ofInstance: 2000 };

/** Of one list of messages. */
export const MAX_LISTED_MESSAGES = 1000;

/** What one stream, and one owner, may have in the live buffer. */
export type BufferLimits = {
  /** Of one stream. */
  messages: number;
  /** Of one stream: the bytes of its messages as they are kept. */
  bytes: number;
  /** Of one owner. */
  streams: number;
};

/** A week at four messages a second, each with room for a dozen fields; and many more streams than a rider rides at once. */
export const BUFFER_LIMITS: BufferLimits = {
  messages: 7 * 24 * 3600 * 4,
  bytes: 512 * MIB,
  streams: 1000,
};
