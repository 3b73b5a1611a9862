export const README_FILE = "README.txt";

/** For whoever finds the archive and has no such program at hand. */
export const README = `Everything that a Bike Power Tracker service has kept of one rider.

profile.json         the account: e-mail address, name, settings; no password
ftp-history.json     functional threshold power in W, of which sport, and since
                     which day it holds
api-keys.json        the names of API keys; not the keys
workouts/            two files for each workout, named after its day (UTC) and its id:
  ….json             title, times, status, pauses, summary, mean-maximal curves
  ….ndjson           its samples as they were recorded, one JSON object a line;
                     there is none where no samples were kept
manifest.json        when and by which version this was written, how much of
                     everything there is, and the size and SHA-256 of each file

Times are ISO 8601 in UTC; the timestamp of a sample is in milliseconds since
1970-01-01 UTC. Units: power W, cadence rpm, heart rate bpm, speed km/h,
distance and altitude m, incline %, temperature °C, energy kJ, durations s.
The status of a workout is ACTIVE or PAUSED while it was under way, COMPLETED,
ARCHIVED, or DELETED, which means in the trash. Curves go from a duration in
seconds to the best mean over so long.

\`bpt import\` reads the archive into an account of another service.
`;
