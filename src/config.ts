import { join, resolve } from "node:path";
import { z } from "zod";

const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  error: (issue) => `${JSON.stringify(issue.input)} is not an origin such as https://rides.example.org`,
});

const originList = z
  .string()
  .transform((text) => text.split(",").map((item) => item.trim()))
  .pipe(z.array(origin));

const databaseUrl = z.string().regex(/^(file|libsql|https?|wss?):/, {
  error: "must begin with file:, libsql:, http:, https:, ws: or wss:",
});

const environmentSchema = z
  .object({
    HOST: z.string().default("127.0.0.1"),
    PORT: z.coerce.number().int().min(0).max(65535).default(3000),
    DATA_DIR: z.string().default("./data"),
    DATABASE_URL: databaseUrl.optional(),
    DATABASE_AUTH_TOKEN: z.string().optional(),
    JWT_SECRET: z.string().min(32, "must have at least 32 characters").optional(),
    AUTH_MODE: z.enum(["required", "single-user"]).default("required"),
    REGISTRATION: z.enum(["closed", "open"]).default("closed"),
    CORS_ORIGIN: originList.default([]),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
    STREAM_IDLE_HOURS: z.coerce.number().positive().default(12),
    TRASH_DAYS: z.coerce.number().nonnegative().default(30),
    DURABILITY: z.enum(["full", "relaxed"]).default("full"),
  })
  .transform((environment, context) => {
    const dataDirectory = resolve(environment.DATA_DIR);
    if (environment.DATABASE_URL && !isOwnFile(environment.DATABASE_URL, dataDirectory)) {
      const message =
        "must be a file of its own: not in memory, and not streams.db, which is the live buffer's";
      context.addIssue({ code: "custom", path: ["DATABASE_URL"], message });
    }
    return {
      host: environment.HOST,
      port: environment.PORT,
      dataDirectory,
      databaseUrl: environment.DATABASE_URL ?? `file:${join(dataDirectory, "bpt.db")}`,
      databaseAuthToken: environment.DATABASE_AUTH_TOKEN,
      jwtSecret: environment.JWT_SECRET,
      authMode: environment.AUTH_MODE,
      registration: environment.REGISTRATION,
      corsOrigins: environment.CORS_ORIGIN,
      logLevel: environment.LOG_LEVEL,
      streamIdleHours: environment.STREAM_IDLE_HOURS,
      trashDays: environment.TRASH_DAYS,
      durability: environment.DURABILITY,
    };
  });

function isOwnFile(url: string, dataDirectory: string): boolean {
  const path = url.slice("file:".length);
  return (
    !url.startsWith("file:") ||
    !(path.includes(":memory:") || resolve(path) === join(dataDirectory, "streams.db"))
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
