// The public peer J: the SCIM endpoints of @boxyhq/saml-jackson behind a minimal express app.
//
//   node server.mjs PORT MONGODB_URL TENANTS
//
// makes so many directories and prints one line of JSON: [{"url": ..., "token": ...}, ...]. No telemetry, no webhooks,
// no logging: whatever might cost it speed and is not SCIM is off.

import express from "express";
import jackson from "@boxyhq/saml-jackson";

const [port, mongoUrl, tenants] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const scimPath = "/api/scim/v2.0";

const { directorySyncController } = await jackson.controllers({
  externalUrl: origin,
  samlPath: "/api/oauth/saml",
  samlAudience: "https://rollcall.invalid",
  scimPath,
  clientSecretVerifier: "unused",
  noAnalytics: true,
  db: { engine: "mongo", url: mongoUrl },
  dsync: { callback: async () => {} },
  logger: { info: () => {}, warn: console.warn, error: console.error },
});

async function createDirectory(tenant) {
  const { data, error } = await directorySyncController.directories.create({
    tenant,
    product: "bench",
    type: "generic-scim-v2",
  });
  if (error) throw new Error(error.message);
  return { url: `${origin}${data.scim.path}`, token: data.scim.secret };
}

function optionalNumber(text) {
  return text === undefined ? undefined : Number(text);
}

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.use(express.json({ type: ["application/json", "application/scim+json"], limit: "5mb" }));

app.all(`${scimPath}/:directoryId/:resourceType{/:resourceId}`, async (request, response) => {
  const { directoryId, resourceType, resourceId } = request.params;
  const { filter, count, startIndex } = request.query;
  const { status, data } = await directorySyncController.requests.handle({
    method: request.method,
    directoryId,
    resourceType,
    resourceId,
    apiSecret: request.get("authorization")?.slice("Bearer ".length),
    query: { filter, count: optionalNumber(count), startIndex: optionalNumber(startIndex) },
    body: request.body,
  });
  response.status(status).type("application/scim+json").send(JSON.stringify(data));
});

const directories = [];
for (let number = 1; number <= Number(tenants); number += 1) {
  directories.push(await createDirectory(`tenant-${number}`));
}

app.listen(Number(port), "127.0.0.1", () => console.log(JSON.stringify(directories)));
