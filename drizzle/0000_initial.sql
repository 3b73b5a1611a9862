CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`key_hash` text NOT NULL,
	`name` text NOT NULL,
	`prefix` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_key_hash` ON `api_keys` (`key_hash`);--> statement-breakpoint
CREATE INDEX `api_keys_user` ON `api_keys` (`user_id`);--> statement-breakpoint
CREATE TABLE `best_efforts` (
	`workout_id` text NOT NULL,
	`metric` text NOT NULL,
	`duration` integer NOT NULL,
	`value` real NOT NULL,
	PRIMARY KEY(`workout_id`, `metric`, `duration`),
	FOREIGN KEY (`workout_id`) REFERENCES `workouts`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "best_efforts_duration" CHECK("best_efforts"."duration" > 0)
) STRICT;
--> statement-breakpoint
CREATE TABLE `ftp_history` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`ftp` integer NOT NULL,
	`source` text,
	`effective_from` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "ftp_history_ftp" CHECK("ftp_history"."ftp" > 0)
) STRICT;
--> statement-breakpoint
CREATE INDEX `ftp_history_user` ON `ftp_history` (`user_id`,`effective_from`);--> statement-breakpoint
CREATE TABLE `personal_records` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`metric` text NOT NULL,
	`duration` integer NOT NULL,
	`value` real NOT NULL,
	`workout_id` text NOT NULL,
	`achieved_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`workout_id`) REFERENCES `workouts`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "personal_records_duration" CHECK("personal_records"."duration" > 0)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `personal_records_metric` ON `personal_records` (`user_id`,`metric`,`duration`);--> statement-breakpoint
CREATE INDEX `personal_records_workout` ON `personal_records` (`workout_id`);--> statement-breakpoint
CREATE TABLE `refresh_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`family_id` text NOT NULL,
	`token_hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `refresh_tokens_token_hash` ON `refresh_tokens` (`token_hash`);--> statement-breakpoint
CREATE INDEX `refresh_tokens_family` ON `refresh_tokens` (`family_id`);--> statement-breakpoint
CREATE INDEX `refresh_tokens_user` ON `refresh_tokens` (`user_id`);--> statement-breakpoint
CREATE INDEX `refresh_tokens_expiry` ON `refresh_tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `telemetry` (
	`workout_id` text PRIMARY KEY NOT NULL,
	`data` blob NOT NULL,
	FOREIGN KEY (`workout_id`) REFERENCES `workouts`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`password_hash` text,
	`provider` text DEFAULT 'local' NOT NULL,
	`provider_id` text,
	`display_name` text,
	`avatar_url` text,
	`settings` text DEFAULT '{}' NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`last_login_at` integer,
	CONSTRAINT "users_settings" CHECK(json_valid("users"."settings"))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email` ON `users` (lower("email"));--> statement-breakpoint
CREATE INDEX `users_provider` ON `users` (`provider`,`provider_id`);--> statement-breakpoint
CREATE TABLE `workouts` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`stream_name` text NOT NULL,
	`title` text,
	`description` text,
	`sport` text DEFAULT 'cycling' NOT NULL,
	`start_time` integer NOT NULL,
	`end_time` integer,
	`duration` integer,
	`status` text NOT NULL,
	`summary` text,
	`pauses` text DEFAULT '[]' NOT NULL,
	`archived_messages` integer DEFAULT 0 NOT NULL,
	`archived_through` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "workouts_status_known" CHECK("workouts"."status" IN ('ACTIVE', 'PAUSED', 'COMPLETED', 'ARCHIVED', 'DELETED')),
	CONSTRAINT "workouts_duration" CHECK("workouts"."duration" >= 0),
	CONSTRAINT "workouts_summary" CHECK(json_valid("workouts"."summary")),
	CONSTRAINT "workouts_pauses" CHECK(json_valid("workouts"."pauses")),
	CONSTRAINT "workouts_archived_messages" CHECK("workouts"."archived_messages" >= 0)
) STRICT;
--> statement-breakpoint
CREATE INDEX `workouts_user_start` ON `workouts` (`user_id`,`start_time`);--> statement-breakpoint
CREATE INDEX `workouts_user_status_start` ON `workouts` (`user_id`,`status`,`start_time`);--> statement-breakpoint
CREATE INDEX `workouts_status` ON `workouts` (`status`);--> statement-breakpoint
CREATE INDEX `workouts_stream` ON `workouts` (`user_id`,`stream_name`,`archived_through`);--> statement-breakpoint
CREATE UNIQUE INDEX `workouts_unfinished_stream` ON `workouts` (`user_id`,`stream_name`) WHERE status IN ('ACTIVE', 'PAUSED');