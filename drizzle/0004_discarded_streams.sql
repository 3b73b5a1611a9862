CREATE TABLE `discarded_streams` (
	`user_id` text NOT NULL,
	`stream_name` text NOT NULL,
	`through` text NOT NULL,
	PRIMARY KEY(`user_id`, `stream_name`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
