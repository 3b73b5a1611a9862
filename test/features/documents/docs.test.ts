import { afterAll, beforeAll, expect, test } from "bun:test";
import packageJson from "../../../package.json" with { type: "json" };
import { createTestApp, type TestApp } from "../../support/app.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

async function page() {
  const response = await app.request("/docs");
  return { response, html: await response.text() };
}

/** What the page loads, in the order in which it does. */
async function files() {
  const { html } = await page();
  return [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = ""]) => address);
}

function policyOf(response: Response): Map<string, string> {
  const directives = (response.headers.get("Content-Security-Policy") ?? "").split("; ");
  return new Map(directives.map((each) => [each.split(" ")[0] ?? "", each.split(" ").slice(1).join(" ")]));
}

test("the page loads nothing but what is here", async () => {
  const { response, html } = await page();
  expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  expect(html).not.toMatch(/https?:|\/\//);
  expect(html).toContain('url: "openapi.json"');
  for (const address of await files()) {
    if (address === "data:,") continue;
    expect(address).toMatch(/^docs\/[\w.-]+\?\d+\.\d+\.\d+$/);
    const file = await app.request(`/${address}`);
    expect({ address, status: file.status }).toEqual({ address, status: 200 });
    expect(file.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(file.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect((await file.text()).length).toBeGreaterThan(1000);
  }
});

test("the browser is told to let no other origin in", async () => {
  const { response, html } = await page();
  const policy = policyOf(response);
  expect(policy.get("default-src")).toBe("'none'");
  expect(policy.get("connect-src")).toBe("'self'");
  expect(policy.get("frame-ancestors")).toBe("'none'");
  expect([...policy.values()].join(" ")).not.toMatch(/https?:|\*|unsafe/);

  const inline = /<script>(.*)<\/script>/.exec(html)?.[1] ?? "";
  const hash = new Bun.CryptoHasher("sha256").update(inline).digest("base64");
  expect(policy.get("script-src")).toBe(`'self' 'sha256-${hash}'`);
});

test("neither script nor style loads from elsewhere by itself", async () => {
  const style = await (await app.request("/docs/swagger-ui.css")).text();
  expect(style).toContain("url(");
  expect(style.match(/@import|url\((?!["']?(?:data:|#)).{40}/g)).toBeNull();
  const script = await (await app.request("/docs/swagger-ui.js")).text();
  expect(script).toContain("SwaggerUIBundle");
  expect(script.match(/(?:googleapis|gstatic|unpkg|jsdelivr|cdnjs|scarf)\.\w+/g)).toBeNull();
  // The one address that it would ask is turned off.
  expect((await page()).html).toContain("validatorUrl: null");
});

test("files are sent compressed to those who take it, and plain to others", async () => {
  for (const path of ["/docs", "/docs/swagger-ui.js", "/docs/swagger-ui.css", "/openapi.json"]) {
    const plain = await app.request(path);
    const gzipped = await app.request(path, { headers: { "Accept-Encoding": "gzip, br" } });
    expect(plain.headers.get("Content-Encoding")).toBeNull();
    expect(gzipped.headers.get("Content-Encoding")).toBe("gzip");
    expect(gzipped.headers.get("Vary")).toBe("Accept-Encoding");
    const unzipped = Bun.gunzipSync(await gzipped.arrayBuffer());
    expect(Buffer.from(await plain.arrayBuffer()).equals(unzipped)).toBe(true);
    const refused = await app.request(path, { headers: { "Accept-Encoding": "gzip;q=0" } });
    expect(refused.headers.get("Content-Encoding")).toBeNull();
  }
});

test("the licences of what is sent are sent too", async () => {
  const licences = await (await app.request("/docs/licences.txt")).text();
  expect(licences).toContain("Apache License");
  expect(licences).toContain("SmartBear");
});

test("to install it runs no script of a package: that of Swagger UI would tell its makers", () => {
  expect(packageJson.trustedDependencies).toEqual([]);
});

test("there are no other files", async () => {
  for (const name of ["package.json", "..%2Fpackage.json", "swagger-ui.js.map"]) {
    expect((await app.request(`/docs/${name}`)).status).toBe(400);
  }
});
