import type { ExtractSchema } from "hono/types";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { z } from "zod";
import type { ZodOpenApiContentObject } from "zod-openapi";
import type { App } from "../../app.ts";
import type { ErrorCode } from "../../errors.ts";

/** What the document says of a route beside what is read off the route: parameters, body, credentials. */
export type Operation = {
  operationId: string;
  summary: string;
  description?: string;
  request?: {
    /** Of the headers those that the route itself reads. */
    headers?: z.ZodObject;
    /** A JSON body to begin with. */
    example?: unknown;
    /** Bodies other than JSON. */
    content?: ZodOpenApiContentObject;
  };
  answer: {
    status: number;
    description: string;
    json?: z.ZodType;
    /** Answers other than JSON. */
    content?: ZodOpenApiContentObject;
  };
  /** Its own errors, beside those that follow from its path and from what it takes. */
  errors?: readonly ErrorCode[];
};

/** The same of a route whose types are known: what it takes and answers cannot be changed without this. */
type OperationOf<Route extends Endpoint> = Operation & {
  request?: { example?: Route["input"] extends { json: infer Body } ? Body : never };
  answer: {
    status: ContentfulStatusCode extends Route["status"] ? 200 : Route["status"];
  } & JsonAnswer<Route extends { outputFormat: "json" } ? Route["output"] : never>;
};

type JsonAnswer<Output> = [Output] extends [never] ? { json?: never } : { json: z.ZodType<Output> };

type Endpoint = { input: unknown; output: unknown; outputFormat: string; status: number };
type Endpoints = ExtractSchema<App>;
type RouteName = {
  [Path in keyof Endpoints & string]: `${NameOf<keyof Endpoints[Path]>} ${Path}`;
}[keyof Endpoints & string];
type NameOf<Method> = Method extends `$${infer Name}` ? Uppercase<Name> : never;
type EndpointOf<Name extends RouteName> = Name extends `${infer Method} ${infer Path extends keyof Endpoints}`
  ? Extract<Endpoints[Path][`$${Lowercase<Method>}` & keyof Endpoints[Path]], Endpoint>
  : never;

/** One for each route of the app, under its method and path: `GET /api/workouts/:id`. */
export type Operations = { [Name in RouteName]: OperationOf<EndpointOf<Name>> };

/** Routes that belong together. */
export type Section = { name: string; description: string; operations: Partial<Operations> };
