#!/usr/bin/env node
// Simulates `kubectl get deployments`.
import { appendFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const home = join(dirname(fileURLToPath(import.meta.url)), "..");
const args = process.argv.slice(2);
const { deployments = [], failing = {} } = JSON.parse(
  readFileSync(join(home, "state.json"), "utf8"),
);
// After the state is read, because a test may change it after the call.
appendFileSync(join(home, "calls"), `kubectl ${args.join(" ")}\n`);

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const text = { type: "string" };
let given;
try {
  given = parseArgs({
    args,
    allowPositionals: true,
    options: {
      kubeconfig: text,
      namespace: { ...text, short: "n" },
      "all-namespaces": { type: "boolean", short: "A" },
      selector: { ...text, short: "l" },
      output: { ...text, short: "o" },
    },
  });
} catch (error) {
  fail(`error: ${error.message}`);
}
const { values, positionals } = given;
if (failing.kubectl) fail(failing.kubectl);
let server;
try {
  server = JSON.parse(readFileSync(values.kubeconfig, "utf8")).clusters[0].cluster.server;
} catch {
  fail(
    "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
  );
}
if (!server) fail("error: Missing or incomplete configuration info.");
if (positionals.join(" ") !== "get deployments")
  fail(`error: the server doesn't have a resource type "${positionals[1]}"`);
const selected = (values.selector ?? "")
  .split(",")
  .filter(Boolean)
  .map((one) => one.split("="));
const items = deployments
  .filter(
    ({ metadata }) =>
      values["all-namespaces"] || metadata.namespace === (values.namespace ?? "default"),
  )
  .filter(({ metadata }) => selected.every(([label, value]) => metadata.labels?.[label] === value));
if (values.output !== "json") {
  console.log(["NAME", ...items.map(({ metadata }) => metadata.name)].join("\n"));
} else
  console.log(
    JSON.stringify({ apiVersion: "v1", kind: "List", items, metadata: { resourceVersion: "" } }),
  );
