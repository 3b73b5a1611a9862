/** Who is asking, once that is known. */
export type Identity =
  | { via: "token"; userId: string; sessionId: string }
  | { via: "key"; userId: string; keyId: string }
  | { via: "single-user"; userId: string };
