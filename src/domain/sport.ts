/** What the name of a sport has in it if it is a kind of cycling. */
const CYCLING_WORDS = ["cycling", "biking", "bike", "ride"];

/** By the name of which rides go that say nothing of their sport. */
export const CYCLING = "cycling";

/** The group of a sport, which FTP, records and curves go by: all kinds of cycling are one, every other sport is its own. */
export function sportGroup(sport: string | null | undefined): string {
  const name = sportName(sport ?? "");
  return name === "" || CYCLING_WORDS.some((word) => name.includes(word)) ? CYCLING : name;
}

/** A sport as sports are compared: without case, and without space around it. */
export function sportName(sport: string): string {
  return sport.trim().toLowerCase();
}
