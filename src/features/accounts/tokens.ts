import { randomBytes } from "node:crypto";
import * as errors from "jose/errors";
import { SignJWT } from "jose/jwt/sign";
import { jwtVerify } from "jose/jwt/verify";
import { z } from "zod";

export const ACCESS_TOKEN_SECONDS = 900;

/** A session is a family of refresh tokens: all that descend from one login. */
export type Session = { userId: string; sessionId: string };

const ALGORITHM = "HS256";
const ISSUER = "bike-power-tracker";
const AUDIENCE = "bike-power-tracker-api";

const claimsSchema = z.object({ sub: z.string(), sid: z.string(), exp: z.number() });

/** Access tokens: JWTs signed with HS256 that say which user and which session. */
export function createAccessTokens(secret: string, now: () => number) {
  const key = new TextEncoder().encode(secret);

  return {
    issue({ userId, sessionId }: Session): Promise<string> {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT({ sid: sessionId })
        .setProtectedHeader({ alg: ALGORITHM })
        .setSubject(userId)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
        .sign(key);
    },

    /** What the token says, with its expiry in epoch milliseconds; null when it is forged, foreign or expired. */
    async verify(token: string): Promise<(Session & { expiresAt: number }) | null> {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: AUDIENCE,
          currentDate: new Date(now()),
        });
        const { sub, sid, exp } = claimsSchema.parse(payload);
        return { userId: sub, sessionId: sid, expiresAt: exp * 1000 };
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof z.ZodError) return null;
        throw error;
      }
    },
  };
}

/** A secret that cannot be guessed: so many random bytes in base64url. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString("base64url");
}

/** What is stored of a token or key in its place; hexadecimal. A random token needs no slow hash. */
export function sha256(token: string): string {
  return Bun.CryptoHasher.hash("sha256", token, "hex");
}
