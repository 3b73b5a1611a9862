import { accountSection } from "../accounts/openapi.ts";
import { analysisSection } from "../analysis/openapi.ts";
import { ftpSection } from "../ftp/openapi.ts";
import { healthSection } from "../health/openapi.ts";
import { metricsSection } from "../metrics/openapi.ts";
import { streamSection } from "../streams/openapi.ts";
import { workoutSection } from "../workouts/openapi.ts";
import { documentSection } from "./openapi.ts";
import type { Operation, Operations, Section } from "./operation.ts";

/** In the order in which they are shown. */
export const SECTIONS: Section[] = [
  healthSection,
  accountSection,
  streamSection,
  workoutSection,
  analysisSection,
  ftpSection,
  metricsSection,
  documentSection,
];

/** A type error here: a route is new, and the openapi.ts of its feature does not describe it yet. */
const OPERATIONS: Record<string, Operation> = {
  ...healthSection.operations,
  ...accountSection.operations,
  ...streamSection.operations,
  ...workoutSection.operations,
  ...analysisSection.operations,
  ...ftpSection.operations,
  ...metricsSection.operations,
  ...documentSection.operations,
} satisfies Operations;

/** The operation of a route such as `GET /api/workouts/:id`, and the name of its section. */
export function findOperation(name: string): { operation: Operation; section: string } {
  const operation = OPERATIONS[name];
  const section = SECTIONS.find(({ operations }) => name in operations);
  if (!operation || !section)
    throw new Error(`${name} is not described. Add it to the openapi.ts of its feature.`);
  return { operation, section: section.name };
}
