DROP TABLE `personal_records`;--> statement-breakpoint
DROP INDEX `ftp_history_user`;--> statement-breakpoint
CREATE UNIQUE INDEX `ftp_history_effective` ON `ftp_history` (`user_id`,`effective_from`);--> statement-breakpoint
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
CREATE INDEX `best_efforts_ranking` ON `best_efforts` (`user_id`,`metric`,`duration`,"value" DESC,`achieved_at`,`workout_id`);--> statement-breakpoint
ALTER TABLE `workouts` ADD `training_stress` real;--> statement-breakpoint
ALTER TABLE `workouts` ADD `definitions_version` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `workouts` ADD `is_stale` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `workouts` ADD `new_records` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
CREATE INDEX `workouts_training_stress` ON `workouts` (`user_id`,`start_time`,`status`,`training_stress`);--> statement-breakpoint
CREATE INDEX `workouts_definitions` ON `workouts` (`definitions_version`);--> statement-breakpoint
CREATE INDEX `workouts_stale` ON `workouts` (`user_id`,`start_time`) WHERE is_stale = 1;