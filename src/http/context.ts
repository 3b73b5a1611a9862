import type { Server } from "bun";
import type { Identity } from "../features/accounts/identity.ts";

/** What every handler of the app can count on in its context. */
export type AppEnv = {
  Variables: { requestId: string; identity: Identity };
  /** `env` as a whole is undefined where a test drives the app by app.request(). */
  Bindings: {
    server?: Server<undefined>;
    /** Whether the path is another one than that which was sent. */
    isRewritten?: boolean;
  };
};
