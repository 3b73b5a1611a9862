DROP TABLE `personal_records`;--> statement-breakpoint
DROP INDEX `workouts_user_start`;--> statement-breakpoint
ALTER TABLE `workouts` ADD `training_stress` real;--> statement-breakpoint
ALTER TABLE `workouts` ADD `definitions_version` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workouts` ADD `is_stale` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `workouts` ADD `new_records` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
CREATE INDEX `workouts_training_stress` ON `workouts` (`user_id`,`start_time`,`status`,`training_stress`);--> statement-breakpoint
CREATE INDEX `workouts_stale` ON `workouts` (`start_time`) WHERE is_stale = 1;--> statement-breakpoint
DROP TABLE `ftp_history`;--> statement-breakpoint
CREATE TABLE `ftp_history` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`ftp` integer NOT NULL,
	`source` text,
	`effective_from` integer NOT NULL,
	`effective_day` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "ftp_history_ftp" CHECK("ftp" > 0)
) STRICT;--> statement-breakpoint
CREATE INDEX `ftp_history_user` ON `ftp_history` (`user_id`,`effective_day`);--> statement-breakpoint
DROP TABLE `best_efforts`;--> statement-breakpoint
CREATE TABLE `best_efforts` (
	`workout_id` text NOT NULL,
	`metric` text NOT NULL,
	`duration` integer NOT NULL,
	`value` real NOT NULL,
	`user_id` text NOT NULL,
	`achieved_at` integer NOT NULL,
	PRIMARY KEY(`workout_id`, `metric`, `duration`),
	FOREIGN KEY (`workout_id`) REFERENCES `workouts`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "best_efforts_duration" CHECK("duration" > 0)
) STRICT, WITHOUT ROWID;--> statement-breakpoint
INSERT INTO `best_efforts` SELECT w.id, 'power', CAST(point.key AS integer), point.value, w.user_id, w.start_time
	FROM workouts w, json_each(w.summary, '$.powerCurve') point WHERE json_type(w.summary, '$.powerCurve') = 'object';--> statement-breakpoint
CREATE INDEX `best_efforts_ranking` ON `best_efforts` (`user_id`,`metric`,`duration`,"value" DESC,`achieved_at`,`workout_id`);