import { sportGroup } from "../domain/sport.ts";
import { text } from "./text.ts";

/** The name of a sport. */
export const sportText = text(50).min(1);

/** The name of a sport, taken for the group that it is of. */
export const sportGroupText = sportText.transform(sportGroup);
