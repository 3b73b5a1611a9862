import { stat } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../../package.json" with { type: "json" };
import type { Config } from "../../config.ts";
import { freeBytes } from "../../file-system.ts";
import type { Family } from "../../metrics/exposition.ts";
import type { Histogram } from "../../metrics/histogram.ts";
import type { Deps } from "../../runtime.ts";

/** A stream is live when something has come for it in so many ms. */
const LIVE_MS = 60_000;

type Sources = Pick<Deps, "config" | "buffer" | "hub" | "primary" | "metrics" | "backups" | "now">;

/** All that the service tells about itself. What cannot be found out at the moment is left out. */
export async function collect(sources: Sources): Promise<Family[]> {
  const [live, stores] = await Promise.all([liveStreams(sources), storeSizes(sources.config)]);
  return [
    ...requests(sources),
    ...riding(sources, live),
    ...writing(sources),
    ...stores,
    ...backingUp(sources),
    ...running(sources),
  ];
}

function requests({ metrics }: Sources): Family[] {
  const routes = metrics.requests.list();
  return [
    {
      name: "bpt_http_requests_total",
      help: "Requests answered, by the pattern of their route.",
      type: "counter",
      values: routes.flatMap(({ method, route, byStatus }) =>
        [...byStatus].map(([status, value]) => ({ labels: { method, route, status }, value })),
      ),
    },
    {
      name: "bpt_http_request_duration_seconds",
      help: "From a request to the beginning of its answer.",
      type: "histogram",
      values: routes.map(({ method, route, duration }) => ({ labels: { method, route }, value: duration })),
    },
  ];
}

function riding({ metrics, hub }: Sources, live: number | undefined): Family[] {
  return [
    counter("bpt_messages_stored_total", "Samples and other messages taken in.", metrics.messagesStored),
    counter("bpt_rides_completed_total", "Workouts completed, abandoned ones too.", metrics.ridesCompleted),
    gauge("bpt_live_streams", "Streams with a message in the last minute, in the whole buffer.", live),
    gauge("bpt_listeners", "Listeners of event streams.", hub.size),
  ];
}

function writing({ metrics }: Sources): Family[] {
  return [
    histogram(
      "bpt_buffer_lag_seconds",
      "From the arrival of messages until they are stored.",
      metrics.bufferLag,
    ),
    histogram(
      "bpt_buffer_commit_posts",
      "Posts that one commit of the live buffer stored.",
      metrics.commitPosts,
    ),
    histogram("bpt_buffer_commit_duration_seconds", "Commits of the live buffer.", metrics.commitDuration),
    histogram("bpt_database_lock_wait_seconds", "Queries waiting for those before them.", metrics.lockWait),
    counter("bpt_slow_queries_total", "Queries that ran for more than 100 ms.", metrics.slowQueries),
  ];
}

/** Of the last one; it is not known how long one took that an earlier process made. */
function backingUp({ backups: { last } }: Sources): Family[] {
  return [
    gauge(
      "bpt_backup_last_timestamp_seconds",
      "When the last backup was begun, since 1970.",
      last && last.at / 1000,
    ),
    gauge("bpt_backup_last_success", "Whether the last backup was made.", last && Number(last.ok)),
    gauge("bpt_backup_last_duration_seconds", "How long the last backup took.", last?.durationSeconds),
    gauge("bpt_backup_last_size_bytes", "Size of the last backup.", last?.bytes),
  ];
}

function running({ metrics, primary }: Sources): Family[] {
  const { user, system } = process.cpuUsage();
  const build = { version: packageJson.version, bun: Bun.version };
  return [
    gauge(
      "bpt_replica_in_step",
      "Whether the replica is in step with its primary.",
      primary && Number(primary.isInStep),
    ),
    histogram("bpt_event_loop_delay_seconds", "By how much a timer came late.", metrics.eventLoopDelay),
    {
      name: "bpt_build_info",
      help: "What is running.",
      type: "gauge",
      values: [{ labels: build, value: 1 }],
    },
    counter("process_cpu_seconds_total", "Processor time used.", (user + system) / 1e6),
    gauge("process_resident_memory_bytes", "Memory in use.", process.memoryUsage.rss()),
    gauge(
      "process_start_time_seconds",
      "When the process started, since 1970.",
      performance.timeOrigin / 1000,
    ),
  ];
}

async function storeSizes({ databaseUrl, dataDirectory, redis }: Config): Promise<Family[]> {
  const paths = [
    ...(databaseUrl.startsWith("file:")
      ? [{ store: "database", path: databaseUrl.slice("file:".length) }]
      : []),
    ...(redis ? [] : [{ store: "buffer", path: join(dataDirectory, "streams.db") }]),
  ];
  const sizes = async (suffix: string) =>
    Promise.all(
      paths.map(async ({ store, path }) => ({ labels: { store }, value: await sizeOf(path + suffix) })),
    );
  return [
    { name: "bpt_store_size_bytes", help: "Size of a store's file.", type: "gauge", values: await sizes("") },
    {
      name: "bpt_wal_size_bytes",
      help: "Size of its write-ahead log.",
      type: "gauge",
      values: await sizes("-wal"),
    },
    gauge("bpt_data_disk_free_bytes", "Room on the disk of DATA_DIR.", await freeBytes(dataDirectory)),
  ];
}

/** Zero of a file that is not there, as a write-ahead log may be. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function liveStreams({ buffer, now }: Sources): Promise<number | undefined> {
  const since = now() - LIVE_MS;
  return buffer.list().then(
    (streams) => streams.filter(({ lastActivity }) => lastActivity >= since).length,
    () => undefined,
  );
}

function counter(name: string, help: string, value: number): Family {
  return { name, help, type: "counter", values: [{ value }] };
}

function gauge(name: string, help: string, value: number | undefined): Family {
  return { name, help, type: "gauge", values: value === undefined ? [] : [{ value }] };
}

function histogram(name: string, help: string, value: Histogram): Family {
  return { name, help, type: "histogram", values: [{ value }] };
}
