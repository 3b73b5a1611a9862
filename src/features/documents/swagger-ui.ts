import licence from "swagger-ui-dist/LICENSE" with { type: "file" };
import notice from "swagger-ui-dist/NOTICE" with { type: "file" };
import packageJson from "swagger-ui-dist/package.json" with { type: "json" };
import style from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import script from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import scriptLicences from "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt" with { type: "file" };
import { type Asset, createAsset } from "./asset.ts";
import type { FileName } from "./schemas.ts";

// What of Swagger UI would ask another server, such as its validator, is off.
const START = `SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });`;

const { version } = packageJson;

// Addresses are relative: a proxy may have the service below a path of its own.
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Bike Power Tracker</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css?${version}">
<div id="swagger-ui"></div>
<p><a href="docs/licences.txt?${version}">Licences</a></p>
<script src="docs/swagger-ui.js?${version}"></script>
<script>${START}</script>
`;

/** Nothing from elsewhere and nothing sent elsewhere; no page of another site may have this one in a frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src 'self' 'sha256-${new Bun.CryptoHasher("sha256").update(START).digest("base64")}'`,
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function createPage(): Promise<Asset> {
  return createAsset(PAGE, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
  });
}

/** The page's files; the page asks for them with their version, so that they can be kept for ever. */
const FILES: Record<FileName, { type: string; paths: string[] }> = {
  "swagger-ui.js": { type: "text/javascript", paths: [script] },
  "swagger-ui.css": { type: "text/css", paths: [style] },
  "licences.txt": { type: "text/plain", paths: [notice, licence, scriptLicences] },
};

export async function createFile(name: FileName): Promise<Asset> {
  const { type, paths } = FILES[name];
  const parts = await Promise.all(paths.map((path) => Bun.file(path).bytes()));
  return createAsset(Buffer.concat(parts), {
    "Content-Type": `${type}; charset=utf-8`,
    "Cache-Control": "public, max-age=31536000, immutable",
  });
}
