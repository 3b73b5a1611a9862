import type { QueryObserver } from "../db/observed-client.ts";
import { type Logger, outsideRequests } from "../logger.ts";
import type { Metrics } from "./metrics.ts";

const SLOW_MS = 100;

/** Characters of a statement that go into the log. */
const LONGEST_STATEMENT = 1000;

/** How far apart, in ms, lines about slow commits are: each would be one more write to the disk that is slow. */
const QUIET_MS = 60_000;

/** Counts and logs queries that take long, apart from their wait for others. */
export function watchQueries(metrics: Metrics, log: Logger): QueryObserver {
  return ({ statement, waited, ran }) => {
    if (waited !== undefined) metrics.lockWait.observe(waited / 1000);
    if (ran <= SLOW_MS) return;
    metrics.slowQueries += 1;
    const times = { ranMs: Math.round(ran), ...(waited !== undefined && { waitedMs: Math.round(waited) }) };
    log.warn({ statement: statement().slice(0, LONGEST_STATEMENT), ...times }, "slow query");
  };
}

/** Counts commits of the live buffer, and logs that they take long; milliseconds. */
export function watchCommits(metrics: Metrics, log: Logger): (posts: number, took: number) => void {
  let commits = 0;
  let longestMs = 0;
  let quietUntil = 0;
  return (posts, took) => {
    metrics.commitPosts.observe(posts);
    metrics.commitDuration.observe(took / 1000);
    if (took <= SLOW_MS) return;
    commits += 1;
    longestMs = Math.max(longestMs, Math.round(took));
    if (performance.now() < quietUntil) return;
    // Of all the requests whose posts are in it.
    outsideRequests(() => log.warn({ commits, longestMs }, "the disk is slow to take samples"));
    quietUntil = performance.now() + QUIET_MS;
    commits = longestMs = 0;
  };
}
