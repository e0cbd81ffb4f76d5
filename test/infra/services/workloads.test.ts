import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Job } from "../../../infra/services/job.ts";
import { Service } from "../../../infra/services/service.ts";
import type { JobArgs, ServiceArgs } from "../../../infra/services/service-args.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { jobArgs, serviceArgs } from "../../support/service-args.ts";

const types = {
  deployment: "kubernetes:apps/v1:Deployment",
  service: "kubernetes:core/v1:Service",
  ingress: "kubernetes:networking.k8s.io/v1:Ingress",
  policy: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
  quota: "kubernetes:core/v1:ResourceQuota",
  job: "kubernetes:batch/v1:Job",
  cronJob: "kubernetes:batch/v1:CronJob",
};
/** A container that knows nothing of the platform. */
const foreign: Partial<ServiceArgs> = {
  drain: "sleep",
  health: undefined,
  nodeHeapPercent: undefined,
  route: undefined,
};
const service = (changes: Partial<ServiceArgs> = {}) =>
  deploy(() => new Service("service", { ...serviceArgs, ...changes }));
const job = (changes: Partial<JobArgs> = {}) =>
  deploy(() => new Job("tidy", { ...jobArgs, ...changes }));
const ofType = (resources: Resource[], type: string) =>
  resources.filter((one) => one.type === type);
const podOf = (resources: Resource[]) =>
  only(resources, types.deployment).inputs.spec.template.spec;
const policyOf = (resources: Resource[], end: string) =>
  ofType(resources, types.policy).find(({ name }) => name.endsWith(end))?.inputs.spec;
const variablesOf = ({ env = [] }: { env?: { name: string; value?: string }[] }) =>
  Object.fromEntries(env.map(({ name, value }) => [name, value]));

describe("a container that knows nothing of the platform", () => {
  it("gets its own command, arguments, user, group and variables", async () => {
    const pod = podOf(
      await service({
        ...foreign,
        command: ["/app"],
        args: ["--serve"],
        user: 999,
        group: 998,
        environment: { MODE: "in-memory" },
      }),
    );
    const [container] = pod.containers;
    assert.deepEqual([container.command, container.args], [["/app"], ["--serve"]]);
    assert.deepEqual([pod.securityContext.runAsUser, pod.securityContext.runAsGroup], [999, 998]);
    const variables = variablesOf(container);
    assert.equal(variables.MODE, "in-memory");
    assert.equal(variables.PORT, "8080");
    for (const ours of ["DRAIN_MIN_SECONDS", "LOG_LEVEL", "NODE_OPTIONS", "FAULT_INJECTION"]) {
      assert.ok(!(ours in variables), ours);
    }
  });

  it("sleeps before it is told to stop, for as long as requests may come and last", async () => {
    const { containers, terminationGracePeriodSeconds } = podOf(
      await service({ ...foreign, drainSeconds: 20, requestTimeoutSeconds: 10 }),
    );
    const { seconds } = containers[0].lifecycle.preStop.sleep;
    assert.equal(seconds, 20 + 10 + 5);
    assert.ok(terminationGracePeriodSeconds > seconds);
    assert.equal(podOf(await service()).containers[0].lifecycle, undefined, "drain: own");
  });

  it("is asked for a connection to its port, where nobody says more", async () => {
    const [container] = podOf(await service({ ...foreign, port: 3000 })).containers;
    assert.deepEqual(container.ports, [{ name: "http", containerPort: 3000 }]);
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
      assert.deepEqual(container[probe].tcpSocket, { port: 3000 }, probe);
    }
  });

  it("is asked by one path for readiness and at its start, and for a connection whether it lives", async () => {
    const [container] = podOf(await service({ ...foreign, health: "/health" })).containers;
    assert.deepEqual(container.readinessProbe.httpGet, { path: "/health", port: "http" });
    assert.deepEqual(container.startupProbe.httpGet, { path: "/health", port: "http" });
    assert.deepEqual(container.livenessProbe.tcpSocket, { port: 8080 });
  });

  it("is asked as the setting says: a path at another port, gRPC, a command, each with its times", async () => {
    const [container] = podOf(
      await service({
        ...foreign,
        health: {
          ready: { path: "/ready", port: 9000, periodSeconds: 3, failures: 4, timeoutSeconds: 7 },
          live: { command: ["alive"] },
          start: { grpc: 9001, failures: 120 },
        },
      }),
    ).containers;
    assert.deepEqual(container.readinessProbe, {
      httpGet: { path: "/ready", port: 9000 },
      periodSeconds: 3,
      failureThreshold: 4,
      timeoutSeconds: 7,
    });
    assert.deepEqual(container.livenessProbe.exec, { command: ["alive"] });
    assert.deepEqual(container.startupProbe.grpc, { port: 9001 });
    assert.equal(container.startupProbe.failureThreshold, 120);
  });

  it("has so long to start that a rollout does not give it up before", async () => {
    const deadline = async (failures: number) =>
      only(
        await service({ ...foreign, health: { start: { path: "/", failures } } }),
        types.deployment,
      ).inputs.spec.progressDeadlineSeconds;
    assert.equal((await deadline(120)) - (await deadline(60)), 60);
  });

  it("may write where it says, to so much, and the node's disk has room for it", async () => {
    const resources = await service({ ...foreign, writable: { "/tmp": 64, "/data": 100 } });
    const { volumes, containers, securityContext } = podOf(resources);
    assert.deepEqual(
      volumes.map(({ emptyDir }: { emptyDir: object }) => emptyDir),
      [{ sizeLimit: "64Mi" }, { sizeLimit: "100Mi" }],
    );
    assert.deepEqual(
      containers[0].volumeMounts.map(({ name, mountPath }: Record<string, string>) => [
        name,
        mountPath,
      ]),
      [
        [volumes[0].name, "/tmp"],
        [volumes[1].name, "/data"],
      ],
    );
    assert.equal(containers[0].resources.limits["ephemeral-storage"], `${256 + 164}Mi`);
    assert.equal(securityContext.fsGroup, 65_532);
    assert.equal(containers[0].securityContext.readOnlyRootFilesystem, true);
  });

  it("may listen below 1024 where its port is there, and only there", async () => {
    const sysctls = async (port: number) =>
      podOf(await service({ ...foreign, port })).securityContext.sysctls;
    assert.deepEqual(await sysctls(80), [
      { name: "net.ipv4.ip_unprivileged_port_start", value: "0" },
    ]);
    assert.equal(await sysctls(1024), undefined);
  });

  it("is checked by the load balancer as Kubernetes checks it", async () => {
    const annotations = async (changes: Partial<ServiceArgs>) => {
      const { metadata } = only(
        await service({ ...foreign, route: { path: "/" }, ...changes }),
        types.ingress,
      ).inputs;
      return [
        "healthcheck-path",
        "healthcheck-port",
        "success-codes",
        "backend-protocol-version",
      ].map((name) => metadata.annotations[`alb.ingress.kubernetes.io/${name}`]);
    };
    const ready = (check: object) => ({ health: { ready: check } }) as Partial<ServiceArgs>;
    assert.deepEqual(await annotations({}), ["/", "traffic-port", "200-499", undefined]);
    assert.deepEqual(await annotations({ health: "/up" }), [
      "/up",
      "traffic-port",
      "200-399",
      undefined,
    ]);
    assert.deepEqual(await annotations(ready({ path: "/up", port: 9000 })), [
      "/up",
      "9000",
      "200-399",
      undefined,
    ]);
    assert.deepEqual(await annotations({ protocol: "grpc" }), [
      "/AWS.ALB/healthcheck",
      "traffic-port",
      "0,12",
      "GRPC",
    ]);
    assert.equal((await annotations({ protocol: "http2" }))[3], "HTTP2");
  });

  it("lets the load balancer in at the port that it asks, and callers not", async () => {
    const ports = async (changes: Partial<ServiceArgs>, suffix: string) => {
      const resources = await service({
        ...foreign,
        callers: ["tidy"],
        route: { path: "/" },
        ...changes,
      });
      return policyOf(resources, suffix).ingress[0].ports.map(
        ({ port }: { port: unknown }) => port,
      );
    };
    const own: Partial<ServiceArgs> = { health: { ready: { path: "/up", port: 9000 } } };
    assert.deepEqual(await ports(own, "from-load-balancer"), ["http", 9000]);
    assert.deepEqual(await ports(own, "from-callers"), ["http"]);
    assert.deepEqual(await ports({ health: "/up" }, "from-load-balancer"), ["http"]);
    const tcp: Partial<ServiceArgs> = { health: { ready: { tcp: 9000 } } };
    assert.deepEqual(await ports(tcp, "from-load-balancer"), ["http"]);
  });
});

describe("containers beside the one of a service", () => {
  const companion = { ...jobArgs, cpuMillicores: 100, cpuLimitMillicores: 200, memoryMiB: 64 };

  it("run from before its start to after its end, or once before it, in this order", async () => {
    const { initContainers, containers } = podOf(
      await service({
        sidecars: { proxy: { ...companion, health: { ready: { tcp: 9000 } }, user: 1000 } },
        before: { prepare: { ...companion, command: ["prepare"] } },
      }),
    );
    assert.deepEqual(
      initContainers.map(({ name, restartPolicy }: Record<string, string>) => [
        name,
        restartPolicy,
      ]),
      [
        ["proxy", "Always"],
        ["prepare", undefined],
      ],
    );
    assert.deepEqual(initContainers[0].readinessProbe.tcpSocket, { port: 9000 });
    assert.equal(initContainers[0].securityContext.runAsUser, 1000);
    assert.equal(initContainers[1].securityContext.runAsUser, undefined, "the pod's");
    assert.equal(containers.length, 1);
    for (const { securityContext, resources } of initContainers) {
      assert.deepEqual(securityContext.capabilities, { drop: ["ALL"] });
      assert.equal(resources.limits.memory, "64Mi");
    }
  });

  it("are in the quota: beside it all together, before it what is more", async () => {
    const pods = 2 * serviceArgs.maxReplicas + 1;
    const quota = async (changes: Partial<ServiceArgs>) =>
      only(await service(changes), types.quota).inputs.spec.hard;
    const beside = await quota({ sidecars: { proxy: companion } });
    assert.equal(beside["requests.cpu"], `${pods * 350}m`);
    assert.equal(beside["limits.memory"], `${pods * (256 + 64)}Mi`);
    assert.equal(
      (await quota({ before: { prepare: companion } }))["requests.cpu"],
      `${pods * 250}m`,
    );
    const large = { ...companion, cpuMillicores: 800, cpuLimitMillicores: 900 };
    const both = await quota({ sidecars: { proxy: companion }, before: { prepare: large } });
    assert.equal(both["requests.cpu"], `${pods * 900}m`);
  });
});

describe("a service without a route", () => {
  it("has no Ingress and no readiness gate, and answers at its own name", async () => {
    const resources = await service(foreign);
    assert.deepEqual(ofType(resources, types.ingress), []);
    const { inputs } = only(resources, types.service);
    assert.equal(inputs.metadata.name, "web");
    assert.deepEqual(inputs.spec.ports, [{ name: "http", port: 80, targetPort: "http" }]);
    const { labels } = only(resources, "kubernetes:core/v1:Namespace").inputs.metadata;
    assert.ok(!("elbv2.k8s.aws/pod-readiness-gate-inject" in labels));
    assert.equal(policyOf(resources, "from-load-balancer"), undefined);
    assert.equal(policyOf(resources, "from-callers"), undefined, "nobody calls it");
  });

  it("that speaks something else than HTTP answers at the port of its process", async () => {
    const { inputs } = only(
      await service({ ...foreign, port: 5432, protocol: "tcp" }),
      types.service,
    );
    assert.deepEqual(inputs.spec.ports, [{ name: "tcp", port: 5432, targetPort: "tcp" }]);
  });

  it("as a worker has no port at all", async () => {
    const resources = await service({ ...foreign, worker: true });
    assert.deepEqual(ofType(resources, types.service), []);
    const [container] = podOf(resources).containers;
    assert.equal(container.ports, undefined);
    assert.equal(container.readinessProbe, undefined);
    assert.equal(container.lifecycle, undefined);
    assert.ok(!("PORT" in variablesOf(container)));
  });
});

describe("a call of one service by another", () => {
  const calls = [
    { name: "carts", namespace: "carts", port: 8080, protocol: "http" as const },
    { name: "order-db", namespace: "pr-1-order-db", port: 5432, protocol: "tcp" as const },
  ];

  it("is let out by the caller's policy, to the callee's pods and port alone, by its name", async () => {
    const { egress } = policyOf(await service({ calls }), "to-declared");
    const peer = (namespace: string, port: string) => ({
      to: [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          podSelector: { matchLabels: { "app.kubernetes.io/name": namespace } },
        },
      ],
      ports: [{ port, protocol: "TCP" }],
    });
    assert.deepEqual(egress.slice(1, 3), [peer("carts", "http"), peer("pr-1-order-db", "tcp")]);
  });

  it("is let in by the callee's policy, from the namespaces of its callers alone", async () => {
    const resources = await service({ ...foreign, callers: ["web", "tidy"] });
    assert.deepEqual(policyOf(resources, "from-callers").ingress, [
      {
        from: [
          {
            namespaceSelector: {
              matchExpressions: [
                { key: "kubernetes.io/metadata.name", operator: "In", values: ["tidy", "web"] },
              ],
            },
          },
        ],
        ports: [{ port: "http", protocol: "TCP" }],
      },
    ]);
  });

  it("has a name in the caller's namespace and variables with the address", async () => {
    const resources = await service({ calls });
    const aliases = ofType(resources, types.service).filter(
      ({ inputs }) => inputs.spec.type === "ExternalName",
    );
    assert.deepEqual(
      aliases.map(({ inputs }) => [inputs.metadata.name, inputs.spec.externalName]),
      [
        ["carts", "carts.carts.svc.cluster.local"],
        ["order-db", "pr-1-order-db.pr-1-order-db.svc.cluster.local"],
      ],
    );
    const variables = variablesOf(podOf(resources).containers[0]);
    assert.equal(variables.CARTS_URL, "http://carts");
    assert.equal(variables.CARTS_ADDRESS, "carts:80");
    assert.equal(variables.ORDER_DB_ADDRESS, "order-db:5432");
    assert.ok(!("ORDER_DB_URL" in variables));
    const { urn } = only(resources, types.deployment);
    for (const alias of aliases) {
      assert.ok(resources.find((one) => one.urn === urn)?.dependsOn.includes(alias.urn));
    }
  });

  it("changes nothing of a service behind the load balancer but a Service more", async () => {
    const named = ofType(await service({ callers: ["shop"] }), types.service);
    assert.deepEqual(
      named.map(({ inputs }) => inputs.metadata.name),
      [undefined, "web"],
    );
  });
});

describe("a job of a release", () => {
  const release = { command: ["migrate"], deadlineSeconds: 120, retries: 1 };

  it("keeps its node to its end, as a job does, where Karpenter or EKS Auto Mode starts nodes", async () => {
    const kept = { "karpenter.sh/do-not-disrupt": "true" };
    for (const startedBy of ["Karpenter", "EKS Auto Mode", undefined] as const) {
      const nodes = { startedBy };
      const released = await service({ release, nodes });
      const pods = [
        only(released, types.job).inputs.spec.template,
        only(await job({ nodes }), types.cronJob).inputs.spec.jobTemplate.spec.template,
      ];
      for (const { metadata } of pods) {
        assert.deepEqual(metadata.annotations, startedBy ? kept : undefined);
      }
      const served = only(released, types.deployment).inputs.spec.template.metadata;
      assert.equal(served.annotations?.["karpenter.sh/do-not-disrupt"], undefined);
    }
  });

  it("runs the service's container with another command, before the Deployment changes", async () => {
    const resources = await service({ release, environment: { MODE: "x" } });
    const { inputs } = only(resources, types.job);
    const [container] = inputs.spec.template.spec.containers;
    assert.deepEqual(container.command, ["migrate"]);
    assert.equal(container.image, serviceArgs.image);
    assert.equal(variablesOf(container).MODE, "x");
    const { urn } = only(resources, types.job);
    assert.ok(only(resources, types.deployment).dependsOn.includes(urn));
    assert.equal(inputs.spec.backoffLimit, 1);
    assert.equal(inputs.spec.activeDeadlineSeconds, 120);
    assert.equal(inputs.spec.template.spec.restartPolicy, "Never");
  });

  it("tells why it failed, and is made anew by the next update, never beside another run", async () => {
    const { inputs, options } = only(await service({ release }), types.job);
    assert.equal(options?.deleteBeforeReplace, true);
    assert.equal(
      inputs.spec.template.spec.containers[0].terminationMessagePolicy,
      "FallbackToLogsOnError",
    );
    assert.equal(inputs.metadata.annotations["pulumi.com/replaceUnready"], "true");
    assert.equal(inputs.metadata.name, undefined, "its name is Kubernetes'");
  });

  it("gets no requests, reaches what the service reaches, and has room", async () => {
    const egress = [{ cidrBlock: "10.9.0.0/16", port: 5432 }];
    const resources = await service({ release, egress });
    const { labels } = only(resources, types.job).inputs.spec.template.metadata;
    assert.equal(labels["app.kubernetes.io/name"], "web-release");
    const policy = policyOf(resources, "release-to-declared");
    assert.deepEqual(policy.podSelector.matchLabels, {
      "app.kubernetes.io/name": "web-release",
    });
    assert.deepEqual(policy.egress, policyOf(resources, "service-to-declared").egress);
    const { hard } = only(resources, types.quota).inputs.spec;
    assert.equal(Number(hard.pods), 2 * serviceArgs.maxReplicas + 1 + 2);
  });
});

describe("a job", () => {
  it("runs by its schedule in its time zone, one run at a time, for so long", async () => {
    const { spec, metadata } = only(await job(), types.cronJob).inputs;
    assert.equal(metadata.name, "tidy");
    assert.deepEqual(
      [spec.schedule, spec.timeZone, spec.concurrencyPolicy, spec.suspend],
      ["0 3 * * *", "Europe/Berlin", "Forbid", false],
    );
    assert.equal(spec.jobTemplate.spec.activeDeadlineSeconds, 600);
    assert.equal(spec.jobTemplate.spec.backoffLimit, 2);
    assert.deepEqual([spec.successfulJobsHistoryLimit, spec.failedJobsHistoryLimit], [3, 3]);
  });

  it("without a schedule runs by hand alone", async () => {
    const { spec } = only(await job({ schedule: undefined }), types.cronJob).inputs;
    assert.equal(spec.suspend, true);
  });

  it("has a namespace with all that a service's has, and lets nobody in", async () => {
    const resources = await job();
    const { labels } = only(resources, "kubernetes:core/v1:Namespace").inputs.metadata;
    assert.equal(labels["pod-security.kubernetes.io/enforce"], "restricted");
    assert.deepEqual(
      ofType(resources, types.policy).map(({ inputs }) => inputs.spec.policyTypes),
      [["Ingress", "Egress"], ["Egress"]],
    );
    only(resources, "kubernetes:core/v1:LimitRange");
    const { hard } = only(resources, types.quota).inputs.spec;
    assert.equal(hard.pods, "1");
    assert.equal(
      only(resources, "kubernetes:core/v1:ServiceAccount").inputs.automountServiceAccountToken,
      false,
    );
  });

  it("has room for the runs that may overlap", async () => {
    const pods = async (concurrency: JobArgs["concurrency"]) =>
      only(await job({ concurrency }), types.quota).inputs.spec.hard.pods;
    assert.deepEqual(
      [await pods("forbid"), await pods("replace"), await pods("allow")],
      ["1", "2", "5"],
    );
  });

  it("is restricted like a service, and may call services", async () => {
    const calls = [{ name: "db", namespace: "db", port: 5432, protocol: "tcp" as const }];
    const resources = await job({ calls });
    const pod = only(resources, types.cronJob).inputs.spec.jobTemplate.spec.template.spec;
    assert.equal(pod.restartPolicy, "Never");
    assert.equal(pod.automountServiceAccountToken, false);
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.equal(pod.containers[0].securityContext.readOnlyRootFilesystem, true);
    assert.equal(variablesOf(pod.containers[0]).DB_ADDRESS, "db:5432");
    assert.equal(policyOf(resources, "to-declared").egress[1].ports[0].port, "tcp");
  });
});
