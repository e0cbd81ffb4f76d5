import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";

const ingressType = "kubernetes:networking.k8s.io/v1:Ingress";
const certificateType = "aws:acm/certificate:Certificate";
const recordType = "aws:route53/record:Record";
const hours = (count: number) => count * 3600;

describe("a domain with DNS outside the account", function () {
  this.timeout(10 * 60_000);
  let stack: RehearsalStack;
  const hostedZoneRoleArn = "arn:aws:iam::444455556666:role/records";
  const shop = { hostName: "shop.example.org", hostedZoneId: "Z2222222222EXAMPLE" };
  const configure = (changes: object) => {
    stack.remove("domain");
    stack.configure("domain", { hostName: "dev.example.net", ...changes });
  };
  const up = async () => {
    const { errors, failed } = await stack.up();
    assert.ok(!failed, errors.join("\n"));
  };
  const annotationsOf = (ingress: string) =>
    stack.world.all(ingressType).find(({ name }) => name === ingress)?.inputs.metadata.annotations;

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({ stack: "dev" });
    stack.world.hostedZones[shop.hostedZoneId] = "example.org";
    stack.world.zoneAccounts[shop.hostedZoneId] = "444455556666";
  });
  after(() => stack?.close());

  it("is refused before any creation if no role can change the hosted zone", async () => {
    configure({ additional: [shop] });
    const { errors, failed } = await stack.up();
    assert.ok(failed);
    assert.match(errors.join("\n"), /AccessDenied: .* is not authorized to access this resource/);
    assert.deepEqual(stack.world.all(), []);
  });

  it("waits at most two hours for records that a person sets", async () => {
    configure({ additional: [{ ...shop, hostedZoneRoleArn }] });
    const { errors, failed, simulatedSeconds } = await stack.up();
    assert.ok(failed);
    assert.match(errors.join("\n"), /dev\.example\.net: its validation record is not in DNS/);
    assert.ok(simulatedSeconds >= hours(2) && simulatedSeconds < hours(2.5), `${simulatedSeconds}`);
  });

  it("continues after these records, and lists the remaining ones", async () => {
    const [certificate] = stack.world.all(certificateType);
    for (const { resourceRecordName } of certificate?.outputs.domainValidationOptions ?? []) {
      stack.world.recordsOfPeople.add(resourceRecordName);
    }
    await up();
    assert.equal(stack.world.all(certificateType).length, 1);
    const [host = ""] = stack.world
      .all(ingressType)
      .map(({ outputs }) => outputs.status.loadBalancer.ingress[0].hostname);
    const records = (await stack.outputs()).dnsRecords as { name: string; value: string }[];
    assert.deepEqual(
      records.filter(({ value }) => value === host).map(({ name }) => name),
      ["dev.example.net"],
    );
    assert.ok(records.some(({ name }) => /^_[0-9a-f]+\.dev\.example\.net\.$/.test(name)));
    // Those of the other zone are made by its role.
    const names = stack.world.all(recordType).map(({ inputs }) => inputs.name);
    assert.ok(names.includes("shop.example.org"), names.join(" "));
    assert.ok(!names.some((name) => name.includes("dev.example.net")), names.join(" "));
    assert.deepEqual((await stack.preview()).steps, []);
  });

  it("uses existing certificates, and does not change them", async () => {
    const issued = ["dev.example.net", "*.example.org"].map((domainName, at) => {
      const arn = `arn:aws:acm:${stack.world.region}:${stack.world.accountId}:certificate/0a${at}`;
      const inputs = { domainName, subjectAlternativeNames: [domainName] };
      const made = stack.world.addUnmanaged(certificateType, arn, "a person", domainName, inputs);
      made.outputs = { ...inputs, arn, status: "ISSUED", domainValidationOptions: [] };
      return made;
    });
    const certificateArns = issued.map(({ id }) => id);
    const additional = [{ ...shop, hostedZoneRoleArn }];
    const before = JSON.stringify(stack.world.all().map(({ id }) => id));
    configure({ additional, certificateArns: certificateArns.slice(0, 1) });
    const { errors } = await stack.up();
    assert.match(errors.join("\n"), /no certificate is for shop\.example\.org; allowed/);
    assert.equal(JSON.stringify(stack.world.all().map(({ id }) => id)), before);

    configure({ additional, certificateArns });
    await up();
    for (const ingress of ["web", "load-balancer"]) {
      const annotation = annotationsOf(ingress)?.["alb.ingress.kubernetes.io/certificate-arn"];
      assert.equal(annotation, certificateArns.join(","), ingress);
    }
    assert.deepEqual(stack.world.all(certificateType), issued);
    assert.deepEqual((await stack.preview()).steps, []);
  });

  it("keeps existing certificates and records on destroy", async () => {
    const { errors, failed } = await stack.destroy();
    assert.ok(!failed, errors.join("\n"));
    const left = stack.world.all().map(({ type }) => type);
    assert.deepEqual([...new Set(left)].sort(), [certificateType, recordType]);
    assert.equal(stack.world.all(certificateType).length, 2);
    // Validation records stay: other certificates of the names are renewed by them.
    assert.ok(stack.world.all(recordType).every(({ inputs }) => inputs.name.startsWith("_")));
  });
});
