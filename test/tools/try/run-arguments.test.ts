import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  type Container,
  type Pod,
  runArguments,
  variablesOf,
  type Workload,
} from "../../../tools/try/run-arguments.ts";

const local = { name: "try-web-1", image: "an-image", processors: 4, secretsFolder: "/secrets" };

const workload = (container: Partial<Container>, pod: Partial<Pod> = {}): Workload => {
  const whole = { name: "web", image: "repository@sha256:1", ...container };
  return { name: "web", pod: { ...pod, containers: [whole] }, container: whole };
};

const argumentsOf = (container: Partial<Container>, pod?: Partial<Pod>, where = {}) =>
  runArguments(workload(container, pod), { ...local, ...where });

const always = runArguments(workload({}), local);

/** The arguments beside those of a container without settings. */
const added = (...given: Parameters<typeof argumentsOf>) =>
  argumentsOf(...given)
    .slice(always.indexOf("web-0") + 1, -1)
    .join(" ")
    .replace(/(^| )--sysctl net\.ipv4\.ip_unprivileged_port_start=1024/, "")
    .trim();

describe("the arguments of docker run", () => {
  it("never pull, and allow no port below 1024", () => {
    assert.equal(
      always.join(" "),
      "run --detach --pull never --name try-web-1 --hostname web-0 --sysctl net.ipv4.ip_unprivileged_port_start=1024 an-image",
    );
  });

  const volume = (of: object) => ({ volumes: [{ name: "v", ...of }] });
  const mounted = { volumeMounts: [{ name: "v", mountPath: "/data" }] };
  const cases: [string, Partial<Container>, Partial<Pod>, string][] = [
    [
      "user and group of the pod",
      {},
      { securityContext: { runAsUser: 101, runAsGroup: 102 } },
      "--user 101:102",
    ],
    [
      "user of the container before the pod's",
      { securityContext: { runAsUser: 7, runAsGroup: 8 } },
      { securityContext: { runAsUser: 101, runAsGroup: 102 } },
      "--user 7:8",
    ],
    [
      "read-only root file system",
      { securityContext: { readOnlyRootFilesystem: true } },
      {},
      "--read-only",
    ],
    [
      "dropped capabilities",
      { securityContext: { capabilities: { drop: ["ALL"] } } },
      {},
      "--cap-drop ALL",
    ],
    [
      "no new privileges",
      { securityContext: { allowPrivilegeEscalation: false } },
      {},
      "--security-opt no-new-privileges",
    ],
    [
      "new privileges where they are allowed",
      { securityContext: { allowPrivilegeEscalation: true } },
      {},
      "",
    ],
    [
      "limits, without swap",
      { resources: { limits: { memory: "256Mi", cpu: "250m" } } },
      {},
      "--memory 256m --memory-swap 256m --cpus 0.25",
    ],
    [
      "at most the processors of the engine",
      { resources: { limits: { memory: "2Gi", cpu: "8" } } },
      {},
      "--memory 2g --memory-swap 2g --cpus 4",
    ],
    [
      "a writable folder",
      mounted,
      volume({ emptyDir: { sizeLimit: "16Mi" } }),
      "--tmpfs /data:rw,exec,nosuid,nodev,size=16m,mode=0777",
    ],
    [
      "a writable folder of the pod's group",
      mounted,
      { ...volume({ emptyDir: {} }), securityContext: { fsGroup: 102 } },
      "--tmpfs /data:rw,exec,nosuid,nodev,gid=102,mode=2777",
    ],
    [
      "secrets as files",
      mounted,
      volume({ csi: {} }),
      "--mount type=bind,source=/secrets,target=/data,readonly",
    ],
    [
      "the ports of the container and of its probes",
      {
        ports: [{ name: "http", containerPort: 8080 }],
        readinessProbe: probe({ httpGet: { path: "/", port: "http" } }),
        livenessProbe: probe({ tcpSocket: { port: 81 } }),
      },
      {},
      "--publish 127.0.0.1::8080 --publish 127.0.0.1::81",
    ],
    ["variables", { env: [{ name: "A", value: "b c" }] }, {}, "--env A=b c"],
  ];
  for (const [title, container, pod, expected] of cases) {
    it(`have ${title}`, () => assert.equal(added(container, pod), expected));
  }

  it("allow ports below 1024 where the pod allows them", () => {
    const sysctls = [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }];
    const given = argumentsOf({}, { securityContext: { sysctls } });
    assert.deepEqual(
      given.filter((_, at) => given[at - 1] === "--sysctl"),
      ["net.ipv4.ip_unprivileged_port_start=0"],
    );
  });

  it("name the architecture of an image for another one than the engine's", () =>
    assert.equal(added({}, {}, { architecture: "arm64" }), "--platform linux/arm64"));

  it("end with command and arguments, with the values of variables", () => {
    const env = [{ name: "PORT", value: "8080" }];
    const command = ["serve", "--port=$(PORT)"];
    const given = argumentsOf({ env, command, args: ["$(NONE)", "$$(PORT)"] });
    assert.deepEqual(given.slice(given.indexOf("--entrypoint")), [
      ...["--entrypoint", "serve", "an-image", "--port=8080", "$(NONE)", "$(PORT)"],
    ]);
  });

  it("keep the image's entrypoint without a command", () => {
    const given = argumentsOf({ args: ["migrate"] });
    assert.deepEqual(given.slice(-2), ["an-image", "migrate"]);
    assert.ok(!given.includes("--entrypoint"));
  });
});

describe("the variables", () => {
  it("have their values, example values of cluster fields, and dummy secrets", () => {
    const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
    const env = [
      { name: "PORT", value: "80" },
      { name: "URL", value: "http://x:$(PORT)" },
      { name: "POD_NAME", ...field("metadata.name") },
      { name: "ZONE", ...field("metadata.labels['topology.kubernetes.io/zone']") },
      { name: "OTHER", ...field("metadata.uid") },
      { name: "TOKEN", valueFrom: { secretKeyRef: { key: "TOKEN" } } },
    ];
    assert.deepEqual(variablesOf(workload({ env })), {
      ...{ PORT: "80", URL: "http://x:80", POD_NAME: "web-0" },
      ...{ ZONE: "us-east-1a", OTHER: "example", TOKEN: "dummy" },
    });
  });
});

function probe(action: object) {
  return { ...action, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 };
}
