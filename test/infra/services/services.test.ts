import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import { groupOrder, tlsPolicy } from "../../../infra/services/ingress-annotations.ts";
import { LoadBalancer } from "../../../infra/services/load-balancer.ts";
import { Services, type ServicesArgs } from "../../../infra/services/services.ts";
import { deploy } from "../../../tools/graph/evaluate.ts";
import { outlivedBy, prerequisites } from "../../../tools/graph/order.ts";
import type { Resource } from "../../../tools/graph/resource.ts";
import { jobArgs, serviceSettings, surroundings } from "../../support/service-args.ts";

const reference = (letter: string) =>
  pulumi.output(`111122223333.dkr.ecr.eu-central-1.amazonaws.com/x@sha256:${letter.repeat(64)}`);
const service = (route: { hosts?: string[]; path: string }) => ({
  image: { context: "service" },
  route,
  ...serviceSettings,
});
/** Behind a load balancer of their own. */
const makeServices = (args: Omit<ServicesArgs, "loadBalancer">) =>
  new Services("services", {
    ...args,
    loadBalancer: new LoadBalancer("load-balancer", {
      ...args,
      network: { loadBalancerSubnetIds: undefined },
    }),
  });
const args: Omit<ServicesArgs, "loadBalancer"> = {
  resources: { linksOf: () => [] },
  services: {
    web: service({ path: "/" }),
    orders: service({ path: "/orders" }),
    shop: service({ hosts: ["shop.platform.example.com"], path: "/" }),
  },
  jobs: {},
  images: { references: { web: reference("a"), orders: reference("b"), shop: reference("c") } },
  admission: {
    registries: ["111122223333.dkr.ecr.eu-central-1.amazonaws.com"],
    applicationSignals: false,
  },
  pullRequests: { environments: 0, days: 3 },
  ...surroundings,
  domain: {
    hostName: "platform.example.com",
    hostNames: ["platform.example.com", "shop.platform.example.com"].map((hostName) => ({
      hostName,
      hostedZoneId: "Z0123456789ABC",
    })),
  },
  recordProviders: {},
  edge: {
    dnsRecords: pulumi.output([]),
    certificateArns: pulumi.output("arn:certificate"),
    webAclArn: pulumi.output("arn:web-acl"),
    logDelivery: {
      access: true,
      connections: false,
      healthChecks: false,
      bucket: pulumi.output("logs-1"),
    },
  },
};
const ingressesOf = (resources: Resource[]): Record<string, Resource["inputs"]> =>
  Object.fromEntries(
    resources
      .filter(({ type }) => type === "kubernetes:networking.k8s.io/v1:Ingress")
      .map(({ name, inputs }) => [name, inputs]),
  );
const annotation = (ingress: Resource["inputs"] | undefined, name: string): string =>
  ingress?.metadata.annotations[`alb.ingress.kubernetes.io/${name}`];
const attributesOf = (ingress: Resource["inputs"] | undefined) =>
  Object.fromEntries(
    annotation(ingress, "load-balancer-attributes")
      .split(",")
      .map((pair) => pair.split("=")),
  );

describe("services", () => {
  let ingresses: ReturnType<typeof ingressesOf>;
  let resources: Resource[];
  const balancer = () => ingresses["load-balancer"];
  before(async () => {
    resources = await deploy(() => makeServices(args));
    ingresses = ingressesOf(resources);
  });

  it("share one load balancer, so that the third costs none", () => {
    assert.deepEqual(Object.keys(ingresses).sort(), ["load-balancer", "orders", "shop", "web"]);
    const groups = Object.values(ingresses).map((ingress) => annotation(ingress, "group.name"));
    assert.equal(new Set(groups).size, 1);
    assert.ok(groups[0]);
  });

  it("agree on the listeners, and leave what is the load balancer's to its own Ingress", () => {
    const values = (name: string) =>
      Object.values(ingresses).map((ingress) => annotation(ingress, name));
    for (const name of ["listen-ports", "certificate-arn"]) {
      assert.equal(new Set(values(name)).size, 1, name);
    }
    // Two Ingresses that say different things of it would stop the controller for all.
    for (const name of [
      "scheme",
      "inbound-cidrs",
      "ssl-policy",
      "ssl-redirect",
      "wafv2-acl-arn",
      "load-balancer-attributes",
    ]) {
      assert.equal(values(name).filter(Boolean).length, 1, name);
      assert.ok(annotation(balancer(), name), name);
    }
  });

  it("take the nodes that they are told of, and so do the environments of pull requests", async () => {
    const nodes = { startedBy: "Karpenter", spotFirst: true, hardSpread: true } as const;
    let told: unknown;
    const found = await deploy(() => {
      const { pullRequests } = makeServices({
        ...{ ...args, nodes },
        pullRequests: { environments: 2, days: 3 },
      });
      pullRequests?.apply((settings) => {
        told = settings.nodes;
      });
    });
    assert.deepEqual(told, nodes);
    const pods = found.filter(({ type }) => type.endsWith(":Deployment"));
    assert.equal(pods.length, 3);
    for (const { inputs } of pods) {
      const { nodeSelector, affinity, topologySpreadConstraints } = inputs.spec.template.spec;
      assert.equal(nodeSelector["karpenter.sh/nodepool"], "default");
      assert.ok(affinity.nodeAffinity);
      assert.equal(topologySpreadConstraints[0].whenUnsatisfiable, "DoNotSchedule");
    }
  });

  it("come after their load balancer and go before it", () => {
    const needs = prerequisites(resources);
    const urn = (name: string) =>
      resources.find((one) => one.name === name && one.type.endsWith(":Ingress"))?.urn ?? "";
    for (const name of ["web", "orders", "shop"]) {
      assert.ok(outlivedBy(urn(name), needs).has(urn("load-balancer")), name);
    }
  });

  it("start after the release of each whose image a container of theirs has", async () => {
    const { name: _, image: __, ...rest } = jobArgs;
    const companion = { ...rest, secrets: {}, uses: {}, calls: [], sidecars: {}, before: {} };
    const proxy = { ...companion, image: { sameAs: "web" } };
    const release = { command: ["migrate"], deadlineSeconds: 60, retries: 0 };
    const { web, orders } = args.services;
    assert.ok(web && orders);
    const made = await deploy(() =>
      makeServices({
        ...args,
        // It is made first where the settings alone decide.
        services: { orders: { ...orders, sidecars: { proxy } }, web: { ...web, release } },
        jobs: { tidy: { ...companion, image: { context: "service" }, sidecars: { proxy } } },
        images: { references: { ...args.images.references, tidy: reference("d") } },
      }),
    );
    const urn = (type: string, name: string) =>
      made.find((one) => one.name === name && one.type.endsWith(`:${type}`))?.urn ?? "";
    const needs = prerequisites(made);
    for (const [type, name] of [
      ["Deployment", "orders"],
      ["CronJob", "tidy"],
    ] as const) {
      assert.ok(outlivedBy(urn(type, name), needs).has(urn("Job", "web-release")), name);
    }
  });

  it("are refused where an image has no reference", () =>
    assert.rejects(
      deploy(() => makeServices({ ...args, images: { references: {} } })),
      /web: the image web has no reference/,
    ));

  it("are behind another load balancer, with rules of their own, when the scheme is another", async () => {
    const ingress = { ...args.ingress, scheme: "internal" as const };
    const internal = ingressesOf(await deploy(() => makeServices({ ...args, ingress })));
    for (const name of Object.keys(internal)) assert.equal(ingresses[name], undefined, name);
    const groups = Object.values(internal).map((one) => annotation(one, "group.name"));
    assert.equal(new Set(groups).size, 1);
    assert.notEqual(groups[0], annotation(balancer(), "group.name"));
  });

  it("answer nothing where no service has a rule", () => {
    const { defaultBackend, rules } = balancer()?.spec ?? {};
    assert.equal(rules, undefined);
    assert.equal(defaultBackend.service.port.name, "use-annotation");
    const action = JSON.parse(annotation(balancer(), `actions.${defaultBackend.service.name}`));
    assert.equal(action.type, "fixed-response");
    assert.equal(action.fixedResponseConfig.statusCode, "404");
  });

  it("live in a namespace of their own each, and in no role of another", () => {
    const roles = resources.filter(({ type }) => type === "aws:iam/role:Role");
    assert.equal(roles.length, 3);
    const names = ["orders", "shop", "web"];
    const namespaces = names.map((name) => ingresses[name]?.metadata.namespace);
    assert.deepEqual(namespaces, names);
    const accounts = resources
      .filter(({ type }) => type === "kubernetes:apps/v1:Deployment")
      .map(({ inputs }) => inputs.spec.template.spec.serviceAccountName);
    assert.deepEqual(accounts.sort(), names);
  });

  it("answer at their routes", () => {
    const rule = (name: string) => ingresses[name]?.spec.rules[0];
    assert.equal(rule("web").host, undefined);
    assert.equal(rule("orders").http.paths[0].path, "/orders");
    assert.equal(rule("shop").host, "shop.platform.example.com");
  });

  it("are tried in the order of how much they ask of a request", () => {
    const order = (name: string) => Number(annotation(ingresses[name], "group.order"));
    assert.ok(order("shop") < order("orders"));
    assert.ok(order("orders") < order("web"));
  });

  it("never have a route shadowed by one that asks less, in the controller's bounds", () => {
    const path = fc.stringMatching(/^\/[a-z]{0,127}$/);
    fc.assert(
      fc.property(path, fc.boolean(), (text, named) => {
        const order = groupOrder({ path: text, ...(named && { hosts: ["a.example.com"] }) });
        assert.ok(order >= -1000 && order <= 1000);
        assert.ok(order <= groupOrder({ path: "/" }));
        if (text.length > 1) assert.ok(order < groupOrder({ path: text.slice(0, -1) }));
      }),
    );
  });

  it("answer over TLS, by a policy without old ciphers, and only redirect without", () => {
    assert.equal(annotation(balancer(), "listen-ports"), '[{"HTTP":80},{"HTTPS":443}]');
    assert.equal(annotation(balancer(), "ssl-redirect"), "443");
    assert.equal(annotation(balancer(), "ssl-policy"), tlsPolicy);
    assert.match(tlsPolicy, /TLS13-1-[23]-Res-PQ/);
  });

  it("deliver the logs that are asked for, and turn the others off", () => {
    const attributes = attributesOf(balancer());
    assert.equal(attributes["access_logs.s3.enabled"], "true");
    assert.equal(attributes["access_logs.s3.bucket"], "logs-1");
    assert.equal(attributes["connection_logs.s3.enabled"], "false");
    assert.equal(attributes["connection_logs.s3.bucket"], undefined);
    assert.equal(attributes["health_check_logs.s3.enabled"], "false");
  });

  it("let people shift the load balancer away from an impaired zone", () => {
    assert.equal(attributesOf(balancer())["zonal_shift.config.enabled"], "true");
  });

  it("write the attributes that are off too, so that turning one off has an effect", async () => {
    const edge = { certificateArns: undefined, dnsRecords: pulumi.output([]) };
    const off = ingressesOf(await deploy(() => makeServices({ ...args, edge })));
    const attributes = attributesOf(off["load-balancer"]);
    assert.equal(attributes["deletion_protection.enabled"], "false");
    assert.equal(attributes["access_logs.s3.enabled"], "false");
    assert.equal(attributes["routing.http.drop_invalid_header_fields.enabled"], "true");
    assert.equal(attributes["idle_timeout.timeout_seconds"], "60");
  });

  it("are open to the networks that the stack names", async () => {
    const ingress = { ...args.ingress, inboundCidrs: ["198.51.100.0/24", "203.0.113.0/24"] };
    const open = ingressesOf(await deploy(() => makeServices({ ...args, ingress })));
    assert.equal(
      annotation(open["load-balancer"], "inbound-cidrs"),
      "198.51.100.0/24,203.0.113.0/24",
    );
  });

  it("let go of a firewall and a certificate that the stack no longer has", async () => {
    const { "load-balancer": balancer } = ingressesOf(
      await deploy(() =>
        makeServices({
          ...args,
          edge: {
            certificateArns: undefined,
            webAclArn: undefined,
            logDelivery: undefined,
            dnsRecords: pulumi.output([]),
          },
        }),
      ),
    );
    assert.equal(annotation(balancer, "wafv2-acl-arn"), "none");
    assert.equal(annotation(balancer, "listen-ports"), '[{"HTTP":80}]');
    assert.equal(annotation(balancer, "ssl-redirect"), undefined);
  });

  it("are named in DNS once all of them answer, and for no longer", () => {
    const records = resources.filter(({ type }) => type === "aws:route53/record:Record");
    assert.equal(records.length, 2);
    const needs = prerequisites(resources);
    const answering = resources.filter(({ type }) => type === "kubernetes:apps/v1:Deployment");
    assert.equal(answering.length, 3);
    for (const { urn } of answering) {
      assert.ok(
        records.every((record) => outlivedBy(record.urn, needs).has(urn)),
        urn,
      );
    }
  });

  it("refuse a destroy as a whole while the load balancer is protected", async () => {
    const protectedOnes = await deploy(() =>
      makeServices({
        ...args,
        ingress: { ...args.ingress, deletionProtection: true },
      }),
    );
    const { "load-balancer": balancer } = ingressesOf(protectedOnes);
    assert.equal(attributesOf(balancer)["deletion_protection.enabled"], "true");
    for (const { name, protect } of protectedOnes.filter(({ type }) => /Ingress$/.test(type))) {
      // A service goes while the load balancer is protected.
      assert.equal(protect, name === "load-balancer", name);
    }
  });
});
