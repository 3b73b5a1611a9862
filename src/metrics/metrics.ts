import { Histogram } from "./histogram.ts";
import { RequestCounts } from "./request-counts.ts";

/** In seconds: from a sample that the disk took at once to a call that somebody has given up on. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const GROUP_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** What the service counts from its start on, and tells when it is asked for its metrics. Durations in seconds. */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  return {
    requests: new RequestCounts(DURATIONS),
    messagesStored: 0,
    /** From the arrival of messages until they are stored. */
    bufferLag: new Histogram(DURATIONS),
    /** Posts that went into the file of the live buffer together, and how long that took. */
    commitPosts: new Histogram(GROUP_SIZES),
    commitDuration: new Histogram(DURATIONS),
    /** How long calls of a local database waited for their turn. */
    lockWait: new Histogram(DURATIONS),
    slowQueries: 0,
    ridesCompleted: 0,
    eventLoopDelay: new Histogram(DURATIONS),
  };
}
