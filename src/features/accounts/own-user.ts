import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { Identity } from "./identity.ts";

export const userParam = z.object({ userId: z.string().describe("`me`, or one's own id.") });

/**
 * The id that `:userId` stands for: `me` or one's own.
 * @throws AppError user_not_found for anybody else's, whether there is such a user or not.
 */
export function ownUserId({ userId }: Identity, param: z.output<typeof userParam>): string {
  if (param.userId === "me" || param.userId === userId) return userId;
  throw new AppError("user_not_found", "There is no such user, or it is not you.");
}
