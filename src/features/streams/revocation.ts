import type { Deps } from "../../runtime.ts";
import type { Subscription } from "../../streams/hub.ts";
import type { Identity } from "../accounts/identity.ts";

/** How often it is looked, in ms: what was revoked at another instance is good here for about as long otherwise too. */
const LOOK_EVERY_MS = 60_000;

/** Ends a subscription soon after that with which it was asked for has expired or was revoked, wherever that happened. */
export function endWhenRevoked(
  subscription: Subscription,
  identity: Identity,
  { authenticator }: Pick<Deps, "authenticator">,
): void {
  const timer = setInterval(async () => {
    // A database that does not answer is no reason to end what goes on without it.
    if (!(await authenticator.isStillGood(identity).catch(() => true))) subscription.close();
  }, LOOK_EVERY_MS);
  timer.unref();
  subscription.over.then(() => clearInterval(timer));
}
