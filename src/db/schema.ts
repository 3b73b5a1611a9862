import { sql } from "drizzle-orm";
import {
  blob,
  check,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { type CurveMetric, curveMetrics } from "../domain/mean-maximal.ts";
import { CYCLING } from "../domain/sport.ts";
import type { Summary } from "../domain/summary.ts";

/*
 * Times are epoch milliseconds. Every table is STRICT: drizzle-kit cannot say so, so the generated SQL is
 * edited by hand, and a test walks the migrated database for a table that lost it.
 */

const time = (name: string) => integer(name, { mode: "timestamp_ms" });

export const users = sqliteTable(
  "users",
  {
    id: text().primaryKey(),
    email: text().notNull(),
    /** Null for the built-in user of AUTH_MODE=single-user and for accounts of an outside provider. */
    passwordHash: text("password_hash"),
    provider: text().notNull().default("local"),
    providerId: text("provider_id"),
    displayName: text("display_name"),
    avatarUrl: text("avatar_url"),
    settings: text({ mode: "json" }).$type<Record<string, unknown>>().notNull().default({}),
    createdAt: time("created_at").notNull(),
    updatedAt: time("updated_at").notNull(),
    lastLoginAt: time("last_login_at"),
  },
  (table) => [
    uniqueIndex("users_email").on(sql`lower(${table.email})`),
    index("users_provider").on(table.provider, table.providerId),
    check("users_settings", sql`json_valid(${table.settings})`),
  ],
);

const userId = () =>
  text("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" });

export const apiKeys = sqliteTable(
  "api_keys",
  {
    id: text().primaryKey(),
    userId: userId(),
    /** SHA-256 of the key, hexadecimal; the key itself is never stored. */
    keyHash: text("key_hash").notNull(),
    name: text().notNull(),
    prefix: text().notNull(),
    createdAt: time("created_at").notNull(),
    expiresAt: time("expires_at"),
    lastUsedAt: time("last_used_at"),
  },
  (table) => [uniqueIndex("api_keys_key_hash").on(table.keyHash), index("api_keys_user").on(table.userId)],
);

export const refreshTokens = sqliteTable(
  "refresh_tokens",
  {
    id: text().primaryKey(),
    userId: userId(),
    /** All the tokens that descend from one login: the session. */
    familyId: text("family_id").notNull(),
    tokenHash: text("token_hash").notNull(),
    createdAt: time("created_at").notNull(),
    expiresAt: time("expires_at").notNull(),
    /** Set when the token was exchanged for its successor, or its family was revoked. */
    revokedAt: time("revoked_at"),
  },
  (table) => [
    uniqueIndex("refresh_tokens_token_hash").on(table.tokenHash),
    index("refresh_tokens_family").on(table.familyId),
    index("refresh_tokens_user").on(table.userId),
    index("refresh_tokens_expiry").on(table.expiresAt),
  ],
);

/**
 * An explicit pause in epoch milliseconds; `to` is null while it lasts. A time of the sender's is by the clock of the
 * samples and holds as it is; any other is by the server's.
 */
export type OpenPause = {
  from: number;
  to: number | null;
  fromSender?: true | undefined;
  toSender?: true | undefined;
};

/** A point of a mean-maximal curve that was a personal record when the workout was completed. */
export type NewRecord = { metric: CurveMetric; duration: number; value: number };

export const workoutStatuses = ["ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED", "DELETED"] as const;

export const workouts = sqliteTable(
  "workouts",
  {
    id: text().primaryKey(),
    userId: userId(),
    streamName: text("stream_name").notNull(),
    title: text(),
    description: text(),
    sport: text().notNull().default(CYCLING),
    startTime: time("start_time").notNull(),
    endTime: time("end_time"),
    /** Seconds: elapsedTime of the summary, or without samples the time from start to end. */
    duration: integer(),
    status: text({ enum: workoutStatuses }).notNull(),
    summary: text({ mode: "json" }).$type<Summary>(),
    /** That of the summary, for what adds it up over years of rides. */
    trainingStress: real("training_stress"),
    /** DEFINITIONS_VERSION of the definitions that made the summary; 0 has it made again from telemetry. */
    definitionsVersion: integer("definitions_version").notNull().default(0),
    /** Set when the summary is to be derived again. */
    isStale: integer("is_stale", { mode: "boolean" }).notNull().default(false),
    /** The personal records that the workout set when it was completed. */
    newRecords: text("new_records", { mode: "json" }).$type<NewRecord[]>().notNull().default([]),
    /** Explicit pauses; the last one is open (to: null) while the workout is PAUSED. */
    pauses: text({ mode: "json" }).$type<OpenPause[]>().notNull().default([]),
    /** Sample messages that went into the telemetry. */
    archivedMessages: integer("archived_messages").notNull().default(0),
    /** The id of the last stream message that this workout holds: what the stream may delete. */
    archivedThrough: text("archived_through"),
    createdAt: time("created_at").notNull(),
    updatedAt: time("updated_at").notNull(),
    deletedAt: time("deleted_at"),
  },
  (table) => [
    index("workouts_user_status_start").on(table.userId, table.status, table.startTime),
    index("workouts_status").on(table.status),
    index("workouts_training_stress").on(table.userId, table.startTime, table.status, table.trainingStress),
    index("workouts_stale").on(table.startTime).where(sql`is_stale = 1`),
    index("workouts_sport").on(table.userId, table.sport),
    index("workouts_stream").on(table.userId, table.streamName, table.archivedThrough),
    uniqueIndex("workouts_unfinished_stream")
      .on(table.userId, table.streamName)
      .where(sql`status IN ('ACTIVE', 'PAUSED')`),
    check(
      "workouts_status_known",
      sql`${table.status} IN ('ACTIVE', 'PAUSED', 'COMPLETED', 'ARCHIVED', 'DELETED')`,
    ),
    check("workouts_duration", sql`${table.duration} >= 0`),
    check("workouts_summary", sql`json_valid(${table.summary})`),
    check("workouts_pauses", sql`json_valid(${table.pauses})`),
    check("workouts_archived_messages", sql`${table.archivedMessages} >= 0`),
  ],
);

const workoutId = () =>
  text("workout_id")
    .notNull()
    .references(() => workouts.id, { onDelete: "cascade" });

/** Apart from workouts, so that no list ever reads past a blob. */
export const telemetry = sqliteTable("telemetry", {
  workoutId: workoutId().primaryKey(),
  /** domain/telemetry-codec.ts says what is in it. */
  data: blob({ mode: "buffer" }).notNull(),
});

/**
 * The mean-maximal curves of finished workouts, point by point. Records and curves over many rides are read from the
 * ranking alone, so that they need no correction when a workout comes or goes. Also by hand: WITHOUT ROWID.
 */
export const bestEfforts = sqliteTable(
  "best_efforts",
  {
    workoutId: workoutId(),
    metric: text({ enum: curveMetrics }).notNull(),
    /** Seconds. */
    duration: integer().notNull(),
    value: real().notNull(),
    userId: userId(),
    /** When the workout started. */
    achievedAt: time("achieved_at").notNull(),
    /** The group of the workout's sport, by domain/sport.ts. */
    sportGroup: text("sport_group").notNull().default(CYCLING),
  },
  (table) => [
    primaryKey({ columns: [table.workoutId, table.metric, table.duration] }),
    index("best_efforts_ranking").on(
      table.userId,
      table.sportGroup,
      table.metric,
      table.duration,
      sql`${table.value} DESC`,
      table.achievedAt,
      table.workoutId,
    ),
    check("best_efforts_duration", sql`${table.duration} > 0`),
  ],
);

export const ftpHistory = sqliteTable(
  "ftp_history",
  {
    id: text().primaryKey(),
    userId: userId(),
    /** Watts. */
    ftp: integer().notNull(),
    source: text(),
    effectiveFrom: time("effective_from").notNull(),
    /** The day of that by the rider's time zone when it was set, as domain/calendar.ts counts: what decides. */
    effectiveDay: integer("effective_day").notNull(),
    createdAt: time("created_at").notNull(),
    /** A group of sports, by domain/sport.ts. */
    sport: text().notNull().default(CYCLING),
  },
  (table) => [
    index("ftp_history_user").on(table.userId, table.effectiveDay),
    check("ftp_history_ftp", sql`${table.ftp} > 0`),
  ],
);

/** Streams whose ride was deleted for good, as long as messages of it, up to that one, may be in them. */
export const discardedStreams = sqliteTable(
  "discarded_streams",
  {
    userId: userId(),
    streamName: text("stream_name").notNull(),
    through: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.streamName] })],
);

/** How often the sweep has tried in vain to bring a stream home as it is now; after some attempts it is set aside. */
export const sweepAttempts = sqliteTable(
  "sweep_attempts",
  {
    userId: userId(),
    streamName: text("stream_name").notNull(),
    /** Null of a stream without any. */
    lastMessageId: text("last_message_id"),
    /** The version of the program that tried: a later one may know how. */
    version: text().notNull(),
    attempts: integer().notNull(),
    /** Why the latest one failed; null where it has not come to an end. */
    reason: text(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.streamName] })],
);

/** Who of the instances that share a database is at a background job, and until when unless it says so again. */
export const leases = sqliteTable("leases", {
  name: text().primaryKey(),
  holder: text().notNull(),
  expiresAt: time("expires_at").notNull(),
});

/** What the instances that share a database have to know alike: what access tokens are signed with, who was deleted. */
export const secrets = sqliteTable("secrets", {
  name: text().primaryKey(),
  value: text().notNull(),
});
