DROP INDEX `best_efforts_ranking`;--> statement-breakpoint
ALTER TABLE `best_efforts` ADD `sport_group` text DEFAULT 'cycling' NOT NULL;--> statement-breakpoint
UPDATE `best_efforts` SET `sport_group` = (SELECT lower(`sport`) FROM `workouts` WHERE `id` = `workout_id`)
	WHERE `workout_id` IN (SELECT `id` FROM `workouts` WHERE NOT (`sport` LIKE '%cycling%' OR `sport` LIKE '%biking%' OR `sport` LIKE '%bike%' OR `sport` LIKE '%ride%'));--> statement-breakpoint
UPDATE `workouts` SET `is_stale` = 1 WHERE `sport` GLOB '*[^ -~]*' AND `summary` IS NOT NULL;--> statement-breakpoint
CREATE INDEX `best_efforts_ranking` ON `best_efforts` (`user_id`,`sport_group`,`metric`,`duration`,"value" DESC,`achieved_at`,`workout_id`);--> statement-breakpoint
ALTER TABLE `ftp_history` ADD `sport` text DEFAULT 'cycling' NOT NULL;--> statement-breakpoint
CREATE INDEX `workouts_sport` ON `workouts` (`user_id`,`sport`);
