#!/usr/bin/env node
// Simulates `aws cloudwatch describe-alarms`, `aws ecr describe-images` and `aws eks` of AWS CLI 2.
import { appendFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const home = join(dirname(fileURLToPath(import.meta.url)), "..");
const args = process.argv.slice(2);
const {
  alarms,
  images = {},
  nodeGroups = {},
  failing = {},
} = JSON.parse(readFileSync(join(home, "state.json"), "utf8"));
// After the state is read, because a test may change it after the call.
appendFileSync(join(home, "calls"), `aws ${args.join(" ")}\n`);

function fail(message, code) {
  process.stderr.write(`\n${message}\n`);
  process.exit(code);
}

const text = { type: "string" };
const known = {
  "cloudwatch describe-alarms": ["alarm-name-prefix", "alarm-names", "state-value", "alarm-types"],
  "ecr describe-images": ["registry-id", "repository-name", "image-ids"],
  "eks describe-nodegroup": ["cluster-name", "nodegroup-name"],
  "eks list-nodegroups": ["cluster-name"],
};
const [service, operation, ...rest] = args;
const options = known[`${service} ${operation}`];
if (!options) fail("aws: [ERROR]: argument operation: Invalid choice", 252);
if (failing.aws) fail(failing.aws, 254);

// A list ends at the next option.
const joined = [];
for (const one of rest) {
  if (one.startsWith("--") || joined.at(-1)?.startsWith("--")) joined.push(one);
  else joined.push(`${joined.pop()} ${one}`);
}
let values;
try {
  values = parseArgs({
    args: joined,
    options: Object.fromEntries([...options, "region", "output"].map((one) => [one, text])),
  }).values;
} catch {
  fail(`aws: [ERROR]: Unknown options: ${rest.join(", ")}`, 252);
}
if (!values.region) fail("aws: [ERROR]: You must specify a region.", 253);
if (values.output !== "json") fail("the answer would not be JSON: the default is the user's", 255);

if (operation === "describe-alarms") {
  // Without --alarm-types AWS returns metric alarms only.
  const types = (values["alarm-types"] ?? "MetricAlarm").split(" ");
  const prefix = values["alarm-name-prefix"] ?? "";
  const state = values["state-value"];
  const found = (kind) =>
    types.includes(kind)
      ? (alarms?.[`${kind}s`] ?? []).filter(
          (one) => one.AlarmName.startsWith(prefix) && (!state || one.StateValue === state),
        )
      : [];
  console.log(
    JSON.stringify({
      MetricAlarms: found("MetricAlarm"),
      CompositeAlarms: found("CompositeAlarm"),
    }),
  );
} else if (service === "eks") {
  const { "nodegroup-name": name } = values;
  const scalingConfig = nodeGroups[name];
  console.log(
    JSON.stringify(
      name ? { nodegroup: { scalingConfig } } : { nodegroups: Object.keys(nodeGroups) },
    ),
  );
} else {
  const repository = values["repository-name"];
  const digest = /^imageDigest=(sha256:[0-9a-f]{64})$/.exec(values["image-ids"] ?? "")?.[1];
  const id = `'${values["registry-id"]}'`;
  if (!images[repository]) {
    fail(
      `An error occurred (RepositoryNotFoundException) when calling the DescribeImages operation: The repository with name '${repository}' does not exist in the registry with id ${id}`,
      254,
    );
  }
  if (!images[repository].includes(digest)) {
    fail(
      `An error occurred (ImageNotFoundException) when calling the DescribeImages operation: The image with imageId {imageDigest:'${digest}'} does not exist within the repository with name '${repository}' in the registry with id ${id}`,
      254,
    );
  }
  console.log(JSON.stringify({ imageDetails: [{ imageDigest: digest }] }));
}
