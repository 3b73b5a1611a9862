/** How long to wait where the server does not say, in ms. */
const DEFAULT_RETRY_MS = 1000;

/** What a proxy or the service answers while the service is away or busy. */
const PASSING_STATUSES = [429, 502, 503, 504];

const ANSWER_WITHIN_MS = 10_000;

/** A call that failed, said in one sentence for whoever runs the demo. */
export class ServerError extends Error {
  override readonly name = "ServerError";

  constructor(
    message: string,
    /** When it may work, in ms from now; undefined where trying again would change nothing. */
    readonly retryAfter: number | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Like fetch, but only a good answer of this service counts as one. Without a signal it takes 10 s at most.
 * @throws ServerError.
 */
export async function fetchFromServer(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const { origin } = new URL(input instanceof Request ? input.url : input);
  const signal = init?.signal ?? AbortSignal.timeout(ANSWER_WITHIN_MS);
  // A redirect followed would turn a POST into a GET.
  const response = await fetch(input, { ...init, signal, redirect: "manual" }).catch((cause: unknown) => {
    throw new ServerError(`${origin} cannot be reached. Is the server running there?`, DEFAULT_RETRY_MS, {
      cause,
    });
  });
  const type = response.headers.get("Content-Type") ?? "";
  if (response.ok && /^(application\/json|text\/event-stream)\b/.test(type)) return response;
  throw new ServerError(`${origin} ${await explain(response)}`, retryAfter(response));
}

async function explain(response: Response): Promise<string> {
  if (response.ok) return "does not answer like this service. Is the address right?";
  const location = response.headers.get("Location");
  if (location !== null) return `sends on to ${location}. Name that server instead.`;
  const hint = response.status === 401 ? " Use --token or --api-key." : "";
  return `answered ${response.status}: ${await reason(response)}${hint}`;
}

/** The service's own sentence, or what the status is called where something else answered. */
async function reason(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && "error" in body) return String(body.error);
  } catch {}
  return `${response.statusText}.`;
}

function retryAfter(response: Response): number | undefined {
  if (!PASSING_STATUSES.includes(response.status)) return undefined;
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return Number.isNaN(seconds) ? DEFAULT_RETRY_MS : seconds * 1000;
}
