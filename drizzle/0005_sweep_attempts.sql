CREATE TABLE `sweep_attempts` (
	`user_id` text NOT NULL,
	`stream_name` text NOT NULL,
	`last_message_id` text,
	`version` text NOT NULL,
	`attempts` integer NOT NULL,
	`reason` text,
	PRIMARY KEY(`user_id`, `stream_name`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
