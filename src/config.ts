import { join, resolve } from "node:path";
import { Cron } from "croner";
import { z } from "zod";

const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  error: (issue) => `${JSON.stringify(issue.input)} is not an origin such as https://rides.example.org`,
});

const NO_SERVER = "must name a server, such as libsql://club.example.org";

const originList = z
  .string()
  .transform((text) => text.split(",").map((item) => item.trim()))
  .pipe(z.array(origin));

const hostList = z
  .string()
  .transform((text) => text.split(",").map((item) => item.trim().toLowerCase()))
  .pipe(
    z.array(
      z.string().refine(isHostName, {
        error: (issue) => `${JSON.stringify(issue.input)} is not a host name such as rides.example.org`,
      }),
    ),
  );

const databaseUrl = z
  .string()
  .regex(/^(file|libsql|https?):/, { error: "must begin with file:, libsql:, http: or https:", abort: true })
  .refine((url) => url.startsWith("file:") || isRemote(url), { error: NO_SERVER });

const primaryUrl = z
  .string()
  .regex(/^(libsql|https?):/, { error: "must begin with libsql:, http: or https:", abort: true })
  .refine(isRemote, { error: NO_SERVER });

/** A time of day, a cron expression or `off`; becomes the expression, or undefined. */
const schedule = z.string().transform((text, context) => {
  if (text === "off") return undefined;
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  const pattern = hour === undefined ? text : `${Number(minute)} ${Number(hour)} * * *`;
  if (comesRound(pattern)) return pattern;
  const message = "must be a time such as 02:00, a cron expression such as 0 2 * * 1, or off";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const environmentSchema = z
  .object({
    HOST: z.string().default("127.0.0.1"),
    PORT: z.coerce.number().int().min(0).max(65535).default(3000),
    DATA_DIR: z.string().default("./data"),
    DATABASE_URL: databaseUrl.optional(),
    DATABASE_AUTH_TOKEN: z.string().optional(),
    DATABASE_SYNC_URL: primaryUrl.optional(),
    DATABASE_SYNC_INTERVAL: z.coerce.number().positive().max(86_400).default(60),
    UPSTASH_REDIS_REST_URL: z
      .url({ protocol: /^https?$/, error: "must be an http or https address" })
      .optional(),
    UPSTASH_REDIS_REST_TOKEN: z.string().optional(),
    JWT_SECRET: z.string().min(32, "must have at least 32 characters").optional(),
    AUTH_MODE: z.enum(["required", "single-user"]).default("required"),
    REGISTRATION: z.enum(["closed", "open"]).default("closed"),
    CORS_ORIGIN: originList.default([]),
    ALLOWED_HOSTS: hostList.default([]),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
    METRICS_TOKEN: z.string().min(16, "must have at least 16 characters").optional(),
    SHUTDOWN_GRACE_SECONDS: z.coerce.number().nonnegative().max(600).default(8),
    STREAM_IDLE_HOURS: z.coerce.number().positive().default(12),
    TRASH_DAYS: z.coerce.number().nonnegative().default(30),
    DURABILITY: z.enum(["full", "relaxed"]).default("full"),
    BACKUP_DIR: z.string().optional(),
    BACKUP_SCHEDULE: schedule.prefault("02:00"),
  })
  .transform((environment, context) => {
    const dataDirectory = resolve(environment.DATA_DIR);
    const databaseUrl = environment.DATABASE_URL ?? `file:${join(dataDirectory, "bpt.db")}`;
    const { DATABASE_SYNC_URL: syncUrl, DATABASE_SYNC_INTERVAL: syncSeconds } = environment;
    if (syncUrl !== undefined && !databaseUrl.startsWith("file:")) {
      const message = "is for a replica: DATABASE_URL must then be a file";
      context.addIssue({ code: "custom", path: ["DATABASE_SYNC_URL"], message });
    }
    const { UPSTASH_REDIS_REST_URL: redisUrl, UPSTASH_REDIS_REST_TOKEN: redisToken } = environment;
    if ((redisUrl === undefined) !== (redisToken === undefined)) {
      const missing = redisUrl === undefined ? "UPSTASH_REDIS_REST_URL" : "UPSTASH_REDIS_REST_TOKEN";
      context.addIssue({
        code: "custom",
        path: [missing],
        message: "must be set too, or neither of the two",
      });
    }
    if (environment.DATABASE_URL && !isOwnFile(environment.DATABASE_URL, dataDirectory)) {
      const message =
        "must be a file of its own: not in memory, and not streams.db, which is the live buffer's";
      context.addIssue({ code: "custom", path: ["DATABASE_URL"], message });
    }
    return {
      host: environment.HOST,
      port: environment.PORT,
      dataDirectory,
      databaseUrl,
      databaseAuthToken: environment.DATABASE_AUTH_TOKEN,
      /** Set where the database is a replica. */
      primary: syncUrl === undefined ? undefined : { syncUrl, syncSeconds },
      redis:
        redisUrl !== undefined && redisToken !== undefined ? { url: redisUrl, token: redisToken } : undefined,
      jwtSecret: environment.JWT_SECRET,
      authMode: environment.AUTH_MODE,
      registration: environment.REGISTRATION,
      corsOrigins: environment.CORS_ORIGIN,
      /** In lower case, with no port. */
      allowedHosts: environment.ALLOWED_HOSTS,
      logLevel: environment.LOG_LEVEL,
      metricsToken: environment.METRICS_TOKEN,
      shutdownGraceSeconds: environment.SHUTDOWN_GRACE_SECONDS,
      streamIdleHours: environment.STREAM_IDLE_HOURS,
      trashDays: environment.TRASH_DAYS,
      durability: environment.DURABILITY,
      backupDirectory: resolve(environment.BACKUP_DIR ?? join(dataDirectory, "backups")),
      /** A cron expression; undefined where none are made by themselves. */
      backupSchedule: environment.BACKUP_SCHEDULE,
    };
  });

/** Time and again: not at a date, nor in one year. */
function comesRound(pattern: string): boolean {
  try {
    return new Cron(pattern, { paused: true, mode: "5-or-6-parts" }).nextRuns(2).length === 2;
  } catch {
    return false;
  }
}

function isHostName(text: string): boolean {
  return /^([\w.-]+|\[[\da-f:.]+\])$/.test(text) && URL.canParse(`http://${text}`);
}

function isRemote(url: string): boolean {
  return URL.canParse(url) && new URL(url).host !== "" && url.includes("://");
}

function isOwnFile(url: string, dataDirectory: string): boolean {
  const path = url.slice("file:".length);
  return (
    !url.startsWith("file:") ||
    !(path === "" || path.includes(":memory:") || resolve(path) === join(dataDirectory, "streams.db"))
  );
}

export type Config = z.infer<typeof environmentSchema>;

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the configuration from environment variables; an empty variable counts as not set.
 * @throws ConfigError naming every variable that is wrong, not only the first.
 */
export function parseConfig(environment: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const result = environmentSchema.safeParse(set);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${String(issue.path[0])}: ${issue.message}`);
  throw new ConfigError(`The configuration is not valid:\n${problems.join("\n")}`);
}
