import { z } from "zod";

const fileName = z.enum(["swagger-ui.js", "swagger-ui.css", "licences.txt"]);

export type FileName = z.output<typeof fileName>;

export const fileParam = z.object({ file: fileName });
