import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { projectFolder } from "../../../tools/graph/evaluate.ts";
import { PlanError } from "../../../tools/graph/plan-error.ts";
import { missingEdges } from "../../../tools/graph/required-order.ts";
import { acceptedFile } from "../../../tools/import/accepted-file.ts";
import { importApplication } from "../../../tools/import/application.ts";
import { scheduleOf } from "../../../tools/import/copilot/schedule.ts";
import type { Imported } from "../../../tools/import/import-options.ts";
import { unknownKey } from "../../../tools/import/report.ts";
import { policyViolations } from "../../../tools/plan/violations.ts";
import { optionsOf, outcomeOf, unaccounted } from "../../support/imports.ts";
import { evaluateWith } from "../../support/other-settings.ts";

const clinic = "test/tools/import/samples/clinic/copilot";

describe("npm run import of Copilot manifests", () => {
  const environment = { TAG: "v9" };
  let imported: Imported;
  before(() => {
    imported = importApplication(clinic, optionsOf(environment));
  });

  it("makes of three services and a job a plan without errors", async () => {
    const text = await acceptedFile(imported.draft, "clinic", projectFolder);
    const { resources } = await evaluateWith("clinic", text);
    assert.deepEqual(missingEdges(resources), []);
    assert.deepEqual(policyViolations(resources), []);
    assert.doesNotMatch(text, /dummy/);
  });

  it("accounts for every key exactly once, and knows each", () => {
    assert.deepEqual(unaccounted(imported), []);
    assert.deepEqual(
      imported.report.entries.filter(({ why }) => why === unknownKey),
      [],
    );
  });

  it("keeps counts, checks, routes and what is sent", () => {
    const { services, jobs, resources, domain, clusterName } = imported.draft;
    const { web, visits, reminders } = services;
    assert.equal(clusterName, "clinic");
    assert.equal(domain?.hostName, "clinic.example.com");
    assert.deepEqual(web?.route, { hosts: ["clinic.example.com"], path: "/", sticky: true });
    assert.deepEqual([web?.minReplicas, web?.maxReplicas, web?.targetCpuPercent], [2, 10, 70]);
    assert.deepEqual(web?.scale, { requestsPerSecond: 10 });
    assert.equal(web?.environment?.DISCOVERED, "http://visits:8080");
    assert.deepEqual(JSON.parse(web?.environment?.COPILOT_SNS_TOPIC_ARNS ?? ""), {
      bookings: "$(BOOKINGS_ARN)",
      payments: "$(PAYMENTS_ARN)",
    });
    assert.deepEqual(web?.secrets, {
      GITHUB_TOKEN: { parameter: "/copilot/clinic/test/secrets/github" },
      DB: { secret: "demo/mysql", key: "password" },
    });
    assert.deepEqual(web?.calls, ["visits"]);
    assert.deepEqual(
      [visits?.port, visits?.protocol, visits?.args],
      [8080, "tcp", ["serve", "--port", "8080"]],
    );
    assert.deepEqual(reminders?.scale, {
      queue: { resource: "reminders-events", messagesPerPod: 120 },
    });
    assert.deepEqual(reminders?.before, {
      prepare: { image: { reference: "docker.io/example/prepare:1" } },
    });
    assert.deepEqual(
      [jobs.report?.schedule, jobs.report?.retries, jobs.report?.deadlineSeconds],
      ["0 6 * * 1-5", 3, 5400],
    );
    assert.deepEqual(resources.photos, { kind: "files", user: 1000, group: 2000 });
    assert.deepEqual(resources.bookings, { kind: "topic", deliverTo: ["reminders-events"] });
  });

  it("names what it leaves out, and what to do", () => {
    const { report } = imported;
    assert.match(
      outcomeOf(report, "site"),
      /^left out: the platform has no Static Site; .*CloudFront/,
    );
    assert.match(outcomeOf(report, "web.<addons>"), /^left out: .*CloudFormation/);
    assert.match(outcomeOf(report, "<environments>"), /^left out: /);
    assert.match(outcomeOf(report, "web.count.range"), /^changed: .*at least 2/);
    assert.match(outcomeOf(report, "web.environments.prod"), /--environment prod --stack prod/);
    assert.match(outcomeOf(report, "web.variables.IMPORTED.from_cfn"), /^left out: /);
  });

  it("takes the overrides of one environment", () => {
    const prod = importApplication(clinic, {
      ...optionsOf(environment),
      copilotEnvironment: "prod",
    });
    const { web } = prod.draft.services;
    assert.deepEqual([web?.minReplicas, web?.maxReplicas], [3, 12]);
    assert.equal(web?.environment?.LOG_LEVEL, "warn");
    assert.equal(web?.environment?.VISITS, "http://visits:8080/v1");
    assert.deepEqual(web?.route?.hosts, ["www.clinic.example.com"]);
    assert.deepEqual(web?.secrets?.GITHUB_TOKEN, {
      parameter: "/copilot/clinic/prod/secrets/github",
    });
    assert.deepEqual(unaccounted(prod), []);
  });

  it("writes schedules as Kubernetes does", () => {
    assert.equal(scheduleOf("@every 1h30m"), "@every 1h30m");
    assert.equal(scheduleOf("rate(10 minutes)"), "@every 10m");
    assert.equal(scheduleOf("rate(1 day)"), "@every 24h");
    assert.equal(scheduleOf("cron(0 12 ? * MON *)"), "0 12 * * MON");
    assert.equal(scheduleOf("cron(0 12 L * ? *)"), undefined);
    assert.equal(scheduleOf("none"), undefined);
  });

  describe("refuses by one error", () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "import-copilot-"));
      mkdirSync(join(folder, "copilot", "api"), { recursive: true });
    });
    after(() => rmSync(folder, { recursive: true }));

    it("nothing where a variable only sounds like a worker", () => {
      const text =
        "{ name: api, type: Backend Service, image: { location: a }, variables: { HOST_KIND: jobs } }";
      writeFileSync(join(folder, "copilot", "api", "manifest.yml"), text);
      mkdirSync(join(folder, "copilot", "jobs"));
      writeFileSync(
        join(folder, "copilot", "jobs", "manifest.yml"),
        "{ name: jobs, type: Backend Service, image: { location: a } }",
      );
      const { draft } = importApplication(join(folder, "copilot"), optionsOf());
      rmSync(join(folder, "copilot", "jobs"), { recursive: true });
      assert.equal(draft.services.api?.calls, undefined);
      assert.equal(draft.services.api?.worker, true);
    });

    it("nothing of a check without times, which are Copilot's, of a sidecar too", () => {
      const check = "healthcheck: { command: [CMD, ok] }";
      const text = `{ name: api, type: Backend Service, image: { location: a, ${check} }, sidecars: { log: { image: b, ${check} } } }`;
      writeFileSync(join(folder, "copilot", "api", "manifest.yml"), text);
      const { api } = importApplication(join(folder, "copilot"), optionsOf()).draft.services;
      const live = { command: ["ok"], periodSeconds: 10, timeoutSeconds: 5, failures: 2 };
      assert.deepEqual(api?.health, { ready: live, live });
      assert.deepEqual(api?.sidecars?.log?.health, { ready: live });
    });

    it("nothing of several names, each of a zone or none", () => {
      const names =
        "[{ name: Shop.example.com, hosted_zone: Z0123456789ABC }, www.shop.example.com, shop.example.net]";
      const text = `{ name: api, type: Load Balanced Web Service, image: { location: a, port: 80 }, http: { alias: ${names} } }`;
      writeFileSync(join(folder, "copilot", "api", "manifest.yml"), text);
      const imported = importApplication(join(folder, "copilot"), optionsOf());
      assert.deepEqual(unaccounted(imported), []);
      assert.deepEqual(imported.draft.domain, {
        hostName: "shop.example.com",
        hostedZoneId: "Z0123456789ABC",
        additional: [{ hostName: "shop.example.net" }],
      });
      assert.deepEqual(imported.draft.services.api?.route?.hosts, [
        ...["shop.example.com", "www.shop.example.com", "shop.example.net"],
      ]);
    });

    const refused: [what: string, text: string, message: RegExp][] = [
      [
        "an unknown type",
        "{ name: api, type: Backend }",
        /api\/manifest\.yml: type "Backend" is not allowed; allowed: Load Balanced Web Service, Backend Service/,
      ],
      [
        "a variable without a value",
        "{ name: api, type: Backend Service, image: { location: 'a:$\\{GONE}' } }".replace(
          "\\",
          "",
        ),
        /image\.location "a:\$\{GONE\}" is not allowed; allowed: a value for GONE, in the environment/,
      ],
      [
        "a missing env_file",
        "{ name: api, type: Backend Service, image: { location: a }, env_file: gone.env }",
        /env_file "gone\.env" is not allowed; allowed: a file that is there/,
      ],
      [
        "no image",
        "{ name: api, type: Backend Service }",
        /image is missing; allowed: an image with build or location/,
      ],
      [
        "another type of value",
        "{ name: api, type: Backend Service, image: { location: a }, count: [1] }",
        /count \[1\] is not allowed; allowed: a number, or a map with range/,
      ],
      [
        "nothing that runs",
        "{ name: api, type: Request-Driven Web Service }",
        /has no service that the platform runs; .*left out: api \(the platform has no Request-Driven Web Service; change its type/,
      ],
    ];
    for (const [what, text, message] of refused) {
      it(what, () => {
        writeFileSync(join(folder, "copilot", "api", "manifest.yml"), text);
        assert.throws(
          () => importApplication(join(folder, "copilot"), optionsOf()),
          (error: Error) => {
            assert.ok(error instanceof PlanError);
            assert.match(error.message, message);
            return !error.message.includes("\n");
          },
        );
      });
    }
  });
});
