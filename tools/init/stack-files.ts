import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import type { Answers } from "./questions.ts";

/** The account of the files in the repository, which belongs to nobody. */
export const nobody = "111122223333";

const instanceTypes = {
  dev: { arm64: ["t4g.small", "t4g.medium"], amd64: ["t3.small", "t3.medium"] },
  prod: { arm64: ["t4g.medium"], amd64: ["t3.medium"] },
};

export type StackName = keyof typeof instanceTypes;

const list = (text: string) => text.split(",").map((one) => one.trim());

/** A stack's file with the answers in it. What nobody was asked for stays as it is, comments too. */
export function stackFile(
  stack: StackName,
  text: string,
  answers: Answers,
  folder: string,
): string {
  const file = parseDocument(text.replace(/ To run it: [^.]*\./, ""));
  const at = (path: string) => ["config", ...`platform:${path}`.split(".")];
  const set = (path: string, value: unknown) => file.setIn(at(path), file.createNode(value));
  const inline = (path: string, value: string[]) =>
    file.setIn(at(path), Object.assign(file.createNode(value), { flow: true }));
  const { account = "", region, name, kubernetes, architecture = "arm64" } = answers;
  const zones = list(answers.zones ?? "");
  set("accountId", account);
  set("region", region);
  inline("network.zones", stack === "dev" ? zones.slice(0, 2) : zones);
  set("cluster.name", `${name}-${stack}`);
  set("cluster.kubernetesVersion", kubernetes);
  inline("cluster.publicAccessCidrs", list(answers["api-cidrs"] ?? ""));
  inline("cluster.admins", list(answers.admins ?? ""));
  for (const others of ["deployers", "viewers"]) file.deleteIn(at(`cluster.${others}`));
  if (architecture === "amd64") set("nodes.architecture", architecture);
  inline("nodes.instanceTypes", instanceTypes[stack][architecture as "arm64" | "amd64"]);
  setDomain(stack, file, at("domain"), answers);
  if (stack === "prod") {
    if (answers["on-call"]) inline("alarms.emails", list(answers["on-call"]));
    else file.deleteIn(at("alarms"));
    set("nodes.minSize", zones.length);
    set("nodes.desiredSize", zones.length);
  }
  if (answers.image) set("services", serviceOf(stack, answers, folder));
  return file.toString({ flowCollectionPadding: false });
}

function setDomain(stack: StackName, file: Document, at: string[], answers: Answers): void {
  const { domain, "hosted-zone": hostedZoneId } = answers;
  file.deleteIn(at);
  if (!domain) return;
  const hostName = stack === "prod" ? domain : `dev.${domain}`;
  file.setIn(at, file.createNode({ hostName, ...(hostedZoneId && { hostedZoneId }) }));
}

function serviceOf(stack: StackName, answers: Answers, folder: string) {
  const { service = "", image = "", port, health } = answers;
  const path = join(folder, image);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  return {
    [service]: {
      image: isFolder ? { context: image } : { reference: image },
      port: Number(port),
      route: { path: "/" },
      health: { ready: health },
      ...(stack === "prod" && { minReplicas: 3, maxReplicas: 6 }),
    },
  };
}
