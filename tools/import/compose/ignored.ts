import type { Left, Path, Report } from "../report.ts";
import type { Spec } from "./compose-schema.ts";

const policy: Left = [
  "each service has network policies of its own",
  "nothing: `calls` opens the way",
];
const interactive: Left = ["it is for a terminal"];
const unprivileged: Left = [
  "pods have no privileges (Pod Security restricted)",
  "an image that needs none",
];
const hostOnly: Left = ["it is about the machine, and pods are on nodes that nobody knows"];
const logs: Left = ["logs go to CloudWatch"];
const labels: Left = [
  "nothing here reads labels",
  "`route` where they say what a proxy sends to the service",
];
const development: Left = ["it is for development", "`npm run dev` reloads a service"];
const names: Left = ["the platform names pods and services"];
const limits: Left = ["pods have no such limit"];
const dns: Left = ["names come from the cluster's DNS"];

/** Keys of a service for which the platform has no setting. */
const ignored: Record<string, Left> = {
  annotations: labels,
  attach: interactive,
  blkio_config: limits,
  cap_add: unprivileged,
  cgroup: unprivileged,
  cgroup_parent: unprivileged,
  configs: [
    "the platform mounts no configuration files",
    "COPY them into the image, or use variables",
  ],
  container_name: names,
  cpu_count: limits,
  cpu_percent: limits,
  cpu_period: limits,
  cpu_quota: limits,
  cpu_rt_period: limits,
  cpu_rt_runtime: limits,
  cpu_shares: limits,
  cpuset: limits,
  credential_spec: hostOnly,
  develop: development,
  device_cgroup_rules: unprivileged,
  devices: unprivileged,
  dns,
  dns_opt: dns,
  dns_search: dns,
  domainname: names,
  external_links: ["it names containers of another project", "`egress` to where they are"],
  extra_hosts: dns,
  gpus: ["nodes have no GPU"],
  group_add: unprivileged,
  hostname: names,
  init: [
    "the image's process is process 1",
    "an init process in the image, such as tini, where it starts others",
  ],
  ipc: unprivileged,
  isolation: hostOnly,
  label_file: labels,
  labels,
  log_driver: logs,
  log_opt: logs,
  logging: logs,
  mac_address: hostOnly,
  mem_swappiness: limits,
  memswap_limit: limits,
  models: ["the platform runs no models", "Amazon Bedrock, by `policyArns`"],
  net: hostOnly,
  network_mode: hostOnly,
  networks: policy,
  oom_kill_disable: limits,
  oom_score_adj: limits,
  pid: unprivileged,
  pids_limit: limits,
  post_start: ["no command runs beside the container's", "`before`"],
  pre_stop: ["no command runs beside the container's", "`drainSeconds`"],
  privileged: unprivileged,
  provider: hostOnly,
  pull_policy: ["an image is copied to ECR once"],
  runtime: ["nodes run containers of Linux by containerd"],
  security_opt: unprivileged,
  shm_size: limits,
  stdin_open: interactive,
  stop_grace_period: ["the timeouts of a rollout derive from one setting", "`drainSeconds`"],
  stop_signal: ["Kubernetes sends what the image says", "STOPSIGNAL in the Dockerfile"],
  storage_opt: limits,
  sysctls: unprivileged,
  tty: interactive,
  ulimits: limits,
  use_api_socket: unprivileged,
  userns_mode: unprivileged,
  uts: unprivileged,
  volumes_from: ["pods share no folders", "a named volume"],
  working_dir: ["the platform sets no working directory", "WORKDIR in the Dockerfile"],
};

/** Keys that say what every container here is, or does. */
const given: Record<string, string> = {
  cap_drop: "no container has a capability",
  profiles: "its profile is on",
  read_only: "every file system is read-only but for `writable`",
};

const topLevel: Record<string, Left> = {
  networks: policy,
  version: ["Compose itself ignores it"],
  models: ["the platform runs no models", "Amazon Bedrock, by `policyArns`"],
};

/** Accounts for the keys of a service that become no setting of it. */
export function leaveIgnored(spec: Spec, at: Path, report: Report): void {
  for (const key of Object.keys(spec)) {
    if (report.has([...at, key])) continue;
    const left = ignored[key] ?? (key.startsWith("x-") ? extension : undefined);
    if (given[key] !== undefined) report.carried([...at, key], given[key]);
    else if (key === "restart") restarted(spec.restart ?? "", [...at, key], report);
    else if (left) report.left([...at, key], ...left);
  }
}

function restarted(policy: string, path: Path, report: Report): void {
  if (policy === "no")
    report.changed(path, "always", "Kubernetes starts a container again that ended");
  else report.carried(path, "Kubernetes starts a container again that ended");
}

const extension: Left = [
  "an extension, which Compose ignores",
  "nothing: what refers to it by YAML has it",
];

export function leaveTopLevel(document: Record<string, unknown>, report: Report): void {
  for (const key of Object.keys(document)) {
    const left = topLevel[key] ?? (key.startsWith("x-") ? extension : undefined);
    if (left) report.left([key], ...left);
  }
}
