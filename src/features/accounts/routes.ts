import { Hono } from "hono";
import { jsonBody } from "../../http/body.ts";
import type { AppEnv } from "../../http/context.ts";
import { validate } from "../../http/validate.ts";
import type { Deps } from "../../runtime.ts";
import { createPasswords } from "./passwords.ts";
import type { ApiKeyRow, UserRow } from "./repository.ts";
import {
  keyParam,
  keySchema,
  loginSchema,
  passwordSchema,
  profileSchema,
  refreshTokenSchema,
  registerSchema,
} from "./schemas.ts";
import { changePassword, login, logout, refresh, register } from "./sessions.ts";
import {
  createApiKey,
  deleteAccount,
  deleteApiKey,
  listApiKeys,
  readProfile,
  updateProfile,
} from "./usecases.ts";

export function accountRoutes(deps: Deps) {
  const sessionDeps = { ...deps, passwords: createPasswords() };

  const auth = new Hono<AppEnv>()
    .post("/register", jsonBody(registerSchema), async (c) => {
      const { user, ...tokens } = await register(sessionDeps, c.req.valid("json"));
      return c.json({ user: presentUser(user), ...tokens }, 201);
    })
    .post("/login", jsonBody(loginSchema), async (c) => {
      const { user, ...tokens } = await login(sessionDeps, c.req.valid("json"));
      return c.json({ user: presentUser(user), ...tokens });
    })
    .post("/refresh", jsonBody(refreshTokenSchema), async (c) => {
      return c.json(await refresh(sessionDeps, c.req.valid("json").refreshToken));
    })
    .post("/logout", jsonBody(refreshTokenSchema), async (c) => {
      await logout(sessionDeps, c.get("identity").userId, c.req.valid("json").refreshToken);
      return c.body(null, 204);
    });

  const users = new Hono<AppEnv>()
    .get("/me", async (c) => c.json({ user: presentUser(await readProfile(deps, c.get("identity").userId)) }))
    .patch("/me", jsonBody(profileSchema), async (c) => {
      const user = await updateProfile(deps, c.get("identity").userId, c.req.valid("json"));
      return c.json({ user: presentUser(user) });
    })
    .delete("/me", async (c) => {
      await deleteAccount(deps, c.get("identity").userId);
      void deps.erasure.run();
      return c.body(null, 204);
    })
    .put("/me/password", jsonBody(passwordSchema), async (c) => {
      await changePassword(sessionDeps, c.get("identity"), c.req.valid("json"));
      return c.body(null, 204);
    });

  const apiKeys = new Hono<AppEnv>()
    .get("/", async (c) => {
      const rows = await listApiKeys(deps, c.get("identity").userId);
      return c.json({ apiKeys: rows.map(presentKey) });
    })
    .post("/", jsonBody(keySchema), async (c) => {
      const { key, ...row } = await createApiKey(deps, c.get("identity").userId, c.req.valid("json"));
      return c.json({ ...presentKey(row), key }, 201);
    })
    .delete("/:id", validate("param", keyParam), async (c) => {
      await deleteApiKey(deps, c.get("identity").userId, c.req.valid("param").id);
      return c.body(null, 204);
    });

  return new Hono<AppEnv>().route("/auth", auth).route("/users", users).route("/api-keys", apiKeys);
}

function presentUser({ id, email, displayName, avatarUrl, settings, ...times }: UserRow) {
  return {
    id,
    email,
    displayName,
    avatarUrl,
    settings,
    createdAt: times.createdAt.toISOString(),
    updatedAt: times.updatedAt.toISOString(),
    lastLoginAt: times.lastLoginAt?.toISOString() ?? null,
  };
}

function presentKey({ id, name, prefix, createdAt, expiresAt, lastUsedAt }: ApiKeyRow) {
  return {
    id,
    name,
    prefix,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}
