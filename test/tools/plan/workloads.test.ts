import assert from "node:assert/strict";
import { instance } from "@viz-js/viz";
import { before, describe, it } from "mocha";
import { missingEdges } from "../../../tools/graph/required-order.ts";
import type { Evaluation, Resource } from "../../../tools/graph/resource.ts";
import { capacityOf } from "../../../tools/plan/capacity-section.ts";
import { costOf } from "../../../tools/plan/cost/cost.ts";
import { requestFlows } from "../../../tools/plan/drawing/flow.ts";
import { fittedDrawing, pictureOf } from "../../../tools/plan/drawing/picture.ts";
import { pageOf } from "../../../tools/plan/page.ts";
import { render } from "../../../tools/plan/render.ts";
import { schedule } from "../../../tools/plan/timing.ts";
import { scheduleWords, workloadLines } from "../../../tools/plan/workloads-section.ts";
import { evaluateWorkloads } from "../../support/other-settings.ts";

describe("the plan of a stack with services, jobs and containers of every kind", function () {
  this.timeout(60_000);
  let plan: Evaluation;
  let resources: Resource[];
  before(async () => {
    plan = await evaluateWorkloads();
    ({ resources } = plan);
  });
  const section = (title: string) =>
    new RegExp(`^${title}.*\\n((?: .*\\n)+)`, "m").exec(render(plan))?.[1] ?? "";
  const of = (name: string) => workloadLines(resources).find((one) => one.name === name);

  describe("services and jobs", () => {
    const lines: [name: string, what: string][] = [
      ["cache", "private, 1 pod; called by cart, shop"],
      ["cart", "private, 2 to 4 pods; called by mailer, report, shop; calls cache"],
      ["mailer", "worker, 1 to 3 pods; calls cart"],
      [
        "shop",
        "behind the load balancer, 2 to 4 pods; calls cache, cart; its release job: node dist/migrate.js",
      ],
      ["import", "job hourly UTC, up to 5 runs at once"],
      ["repair", "job by hand"],
      ["report", "job daily at 03:30 Europe/Berlin; calls cart"],
    ];
    it("are listed in order", () => {
      assert.deepEqual(
        workloadLines(resources).map(({ name }) => name),
        lines.map(([name]) => name),
      );
    });
    for (const [name, what] of lines) {
      it(`list of ${name}: ${what}`, () => assert.equal(of(name)?.what, what));
    }

    const assumed: [name: string, what: string | undefined][] = [
      [
        "cart",
        "ghcr.io/shop/cart:3: port 9000, user 65532, linux/arm64, healthy when gRPC at port 9000 says so",
      ],
      [
        "cache",
        "docker.io/library/redis:8: port 6379, user 999, linux/arm64, healthy when port 6379 is open",
      ],
      [
        "shop",
        "docker.io/envoyproxy/envoy:v1.36.0: no port, user 101, linux/arm64, healthy when port 9901 is open",
      ],
      [
        "import",
        "docker.io/library/python:3.14: no port, user 65532, linux/arm64, no health check",
      ],
      ["mailer", undefined],
      ["report", undefined],
    ];
    for (const [name, what] of assumed) {
      it(`list the assumption about ${name}'s images: ${what ?? "none for a build"}`, () => {
        assert.equal(of(name)?.assumed, what);
      });
    }

    it("are a section of the text, with one line for each assumption", () => {
      assert.match(
        section("Services and jobs"),
        /^ {2}cache {3}private.*\n {10}assumed of docker\.io\/library\/redis:8: port 6379/m,
      );
    });
  });

  it("counts the max. pods: services in a rollout, runs of jobs, release jobs", () => {
    const what = capacityOf(resources).find((one) => one.of === "pods")?.what ?? "";
    for (const pods of [
      ...["8 shop", "8 cart", "2 cache", "6 mailer"],
      ...["1 report", "1 repair", "5 import", "2 shop-release"],
    ]) {
      assert.match(what, new RegExp(`\\b${pods}\\b`));
    }
  });

  it("subtracts the secrets driver from the room of a node", () => {
    const without = resources.filter(({ name }) => name !== "secrets-store");
    const room = (among: Resource[]) =>
      Number.parseInt(capacityOf(among).find((one) => one.of === "a node")?.what ?? "", 10);
    assert.equal(room(without) - room(resources), 120);
  });

  it("needs more nodes for larger sidecars and `before` containers", () => {
    const nodes = (among: Resource[]) =>
      Number(/on (\d+) nodes$/.exec(capacityOf(among).at(-1)?.what ?? "")?.[1]);
    const alone = structuredClone(resources);
    for (const { inputs } of alone) delete inputs.spec?.template?.spec?.initContainers;
    assert.ok(nodes(alone) < nodes(resources));
  });

  it("shows the images of sidecars in the path of a request, with the sources of copies", () => {
    const [flow = []] = requestFlows(resources);
    const images = flow.filter(({ at }) => at === "image").map(({ what }) => what);
    assert.equal(images.length, 2);
    assert.match(images[0] ?? "", /digest known when Image shop-\w+ is built$/);
    assert.match(
      images[1] ?? "",
      /digest known when docker\.io\/envoyproxy\/envoy:v1\.36\.0 is copied$/,
    );
  });

  it("has a price or a reason for every resource", () => {
    const { unknown, free } = costOf(resources);
    assert.deepEqual(unknown, []);
    const kinds = free.flatMap((one) => one.kinds);
    for (const kind of ["SecretProviderClass", "Job", "CronJob", "Addon"]) {
      assert.ok(kinds.includes(kind), kind);
    }
  });

  it("fits 80 columns, and has no missing dependency or undefined value", () => {
    const text = render(plan);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.doesNotMatch(text, /undefined|\[object|NaN|MISSING|no price/);
    assert.deepEqual(missingEdges(resources), []);
  });

  it("draws jobs and secrets, and does not count ExternalName Services", async () => {
    const dot = pictureOf(resources, "light");
    assert.match(dot, /Job, 3 × CronJob/);
    assert.match(dot, /4 × Deployment</);
    assert.match(dot, /2 × SecretProviderClass/);
    assert.match(dot, /3 × Service</);
    const svg = fittedDrawing((await instance()).renderString(dot, { format: "svg" }));
    assert.equal(/urn:|undefined/.exec(svg.replace(/^[\s\S]*?<\/title>/, ""))?.[0], undefined);
  });

  it("shows in the page that new pods wait for the release job", () => {
    const html = pageOf("workloads", resources);
    assert.match(html, /CronJob<\/span> <span class="name">report</);
    const spans = schedule(resources);
    const span = (type: string) =>
      spans.get(resources.find((one) => one.type === type && /^shop/.test(one.name))?.urn ?? "");
    const job = span("kubernetes:batch/v1:Job");
    assert.ok(job && job.end - job.start >= 5, "a job waits for its pod");
    assert.ok(Number(span("kubernetes:apps/v1:Deployment")?.start) >= job.end);
    assert.match(html, />Job shop-release<\/a>/);
  });
});

describe("the plan of such a stack with further settings", function () {
  this.timeout(60_000);

  it("omits the pods of spare capacity", async () => {
    const { resources } = await evaluateWorkloads((settings) =>
      settings.setIn(["config", "platform:autoscaler", "spareCapacity"], { replicas: 1 }),
    );
    assert.ok(
      resources.some(({ type, name }) => /Deployment$/.test(type) && name === "spare-capacity"),
    );
    const names = workloadLines(resources).map(({ name }) => name);
    assert.equal(names.length, 7, names.join());
    assert.ok(!names.includes("spare-capacity"));
  });

  it("counts services with a Service in preview environments, without workers and jobs", async () => {
    const { resources } = await evaluateWorkloads((settings) => {
      settings.setIn(["config", "platform:pullRequests"], { environments: 1 });
      settings.setIn(["config", "platform:domain"], {
        hostedZoneId: "Z0123456789ABC",
        hostName: "dev.example.com",
      });
      // Their pods may read no such secret.
      settings.deleteIn(["config", "platform:services", "shop", "secrets"]);
    });
    const pods = capacityOf(resources).find((one) => one.of === "pods")?.what ?? "";
    const previews = [...pods.matchAll(/(\d+ \S+) of pull requests/g)].map(([, one]) => one);
    assert.deepEqual(previews.sort(), ["2 cache", "2 cart", "2 shop"]);
  });
});

describe("a schedule in words", () => {
  const cases: [schedule: string, words: string][] = [
    ["30 3 * * *", "daily at 03:30"],
    ["@daily", "daily at 00:00"],
    ["@midnight", "daily at 00:00"],
    ["5 * * * *", "hourly at :05"],
    ["@hourly", "hourly"],
    ["@weekly", "weekly"],
    ["*/5 * * * *", "by */5 * * * *"],
    ["0 3 * * 1-5", "by 0 3 * * 1-5"],
    ["0 3 1 * *", "by 0 3 1 * *"],
  ];
  for (const [schedule, words] of cases) {
    it(`${schedule}: ${words}`, () => assert.equal(scheduleWords(schedule), words));
  }
});

describe("services and jobs of a program without any", () => {
  it("are empty", () => assert.deepEqual(workloadLines([]), []));
});
