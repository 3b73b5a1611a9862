/** The durations, in seconds, at which the best of all workouts is a personal record. */
export const RECORD_DURATIONS = [5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
