import { z } from "zod";
import { text } from "../../http/text.ts";
import { timeZone } from "../../http/time.ts";

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email({ error: "is not an e-mail address" }));

const password = z.string().min(8).max(128);
const displayName = text(100).min(1);

export const registerSchema = z.object({ email, password, displayName: displayName.optional() });

/** Says nothing of what a password may look like: one that cannot be is wrong like any other. */
export const loginSchema = z.object({
  email: z.string().trim().toLowerCase().max(254),
  password: z.string().max(128),
});

export const refreshTokenSchema = z.object({ refreshToken: z.string().min(1).max(128) });

const settings = z
  .looseObject({
    units: z.enum(["metric", "imperial"]).nullish(),
    timezone: timeZone.nullish(),
    maxHeartrate: z.number().min(60).max(250).nullish().describe("bpm"),
    restingHeartrate: z.number().min(20).max(120).nullish().describe("bpm, below the threshold"),
    thresholdHeartrate: z.number().min(60).max(250).nullish().describe("bpm, at most the maximum"),
    criticalPower: z.number().min(1).max(2000).nullish().describe("W"),
    wPrime: z
      .number()
      .min(1000)
      .max(100_000)
      .nullish()
      .describe("The work possible above critical power, J."),
    weight: z.number().min(20).max(300).nullish().describe("kg"),
  })
  .describe("Merged into those there are. Null removes a setting; one not named here is kept as it comes.");

const { shape } = settings;

/** As earlier versions have kept them: what had no meaning then may be anything, and counts as not set. */
const keptSettings = settings.extend({
  restingHeartrate: shape.restingHeartrate.catch(null),
  thresholdHeartrate: shape.thresholdHeartrate.catch(null),
  criticalPower: shape.criticalPower.catch(null),
  wPrime: shape.wPrime.catch(null),
});

export const profileSchema = z.object({
  displayName: displayName.nullish(),
  avatarUrl: z
    .url({ protocol: /^https?$/, error: "is no http or https address" })
    .max(2048)
    .nullish(),
  settings: settings.optional(),
});

/** A profile that comes from an earlier version. */
export const keptProfileSchema = profileSchema.extend({ settings: keptSettings.optional() });

export const passwordSchema = z.object({ currentPassword: z.string().max(128), newPassword: password });

export const keySchema = z.object({
  name: text(100).min(1),
  expiresAt: z.iso
    .datetime({ offset: true, error: "is no ISO 8601 time such as 2026-12-31T00:00:00Z" })
    .transform((text) => new Date(text))
    .nullish()
    .describe("Without it, the key is good until it is deleted."),
});

export const keyParam = z.object({ id: z.string().describe("The id of an API key.") });
