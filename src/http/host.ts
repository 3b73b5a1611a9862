import { BlockList, isIP } from "node:net";
import { hostname } from "node:os";
import type { MiddlewareHandler } from "hono";
import { AppError } from "../errors.ts";
import type { AppEnv } from "./context.ts";

/** A name or an address, and perhaps a port. What else a URL could hold, such as a user, is for no server. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

/** The host that a request is for, as it was sent; undefined for none or none that can be one. */
export function hostOf({ headers, url }: Request): string | undefined {
  // A request that came by no network has its host in the address.
  const host = headers.get("Host") ?? URL.parse(url)?.host;
  return host !== undefined && HOST.test(host) ? host : undefined;
}

/** The name in a host, as URLs write it: in lower case, an address in its usual form, with no port. */
function nameOf(host: string): string | undefined {
  return URL.parse(`http://${host}`)?.hostname.replace(/\.$/, "");
}

/** The name of the host that a request is for; undefined for none. */
export function hostNameOf(request: Request): string | undefined {
  const host = hostOf(request);
  return host === undefined ? undefined : nameOf(host);
}

/** Private networks, links, carriers' own (RFC 6598): with none of them can a page of elsewhere be on this host. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10],
] as const)
  PRIVATE.addSubnet(network, prefix, "ipv4");
PRIVATE.addAddress("::1", "ipv6");
PRIVATE.addSubnet("fc00::", 7, "ipv6");
PRIVATE.addSubnet("fe80::", 10, "ipv6");

export function isLoopback(name: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(name);
}

function isPrivate(name: string): boolean {
  const address = name.replace(/^\[|\]$/g, "");
  const family = isIP(address);
  return family !== 0 && PRIVATE.check(address, family === 4 ? "ipv4" : "ipv6");
}

/**
 * Where no credentials are asked for, whoever has a name of theirs point here could have their page read what is here
 * and change it, since for a browser it comes from this service (DNS rebinding). So the host must be one that nobody
 * else can have: of the loopback or a private network, this machine's, or one of `allowed`.
 * @throws AppError foreign_host.
 */
export function refuseForeignHosts(allowed: readonly string[]): MiddlewareHandler<AppEnv> {
  const machine = hostname();
  const names = new Set([...allowed, machine, machine.split(".")[0] ?? ""].map((name) => name.toLowerCase()));
  const isAllowed = (name = "") =>
    names.has(name) || isLoopback(name) || name.endsWith(".local") || isPrivate(name);
  // Nearly all requests are for the same one.
  let latest: string | undefined;
  return async function refuseForeignHosts(c, next) {
    const host = hostOf(c.req.raw);
    if (host === undefined || (host !== latest && !isAllowed(nameOf(host)))) {
      throw new AppError(
        "foreign_host",
        `This service does not go by the name ${host}. ALLOWED_HOSTS lists the names that it has.`,
      );
    }
    latest = host;
    return next();
  };
}
