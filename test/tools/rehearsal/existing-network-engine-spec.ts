import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import {
  checkDependencies,
  checkNothingLeft,
  watchAccount,
} from "../../../tools/rehearsal/rehearsal-checks.ts";
import { RehearsalStack } from "../../../tools/rehearsal/rehearsal-stack.ts";
import { needsEngine } from "../../support/separate-process.ts";
import { upWell } from "../../support/up-well.ts";

const vpcId = "vpc-0a1b2c3d4e5f60718";
const outer = ["subnet-0a00000000000000a", "subnet-0a00000000000000b"];
const inner = ["subnet-0b00000000000000a", "subnet-0b00000000000000b"];

describe("a stack in an existing network", function () {
  this.timeout(5 * 60_000);
  let stack: RehearsalStack;
  let checkAccount: () => string[];
  const all = (type: string) => stack.world.all(type);
  const get = (kind: string, id: string) =>
    stack.world.get(`aws:ec2/${kind[0]?.toLowerCase()}${kind.slice(1)}:${kind}`, id);
  /** Changes the account's network while this runs. */
  async function meanwhile<T>(kind: string, id: string, changes: object, run: () => Promise<T>) {
    const { inputs = {} } = get(kind, id) ?? {};
    const before = { ...inputs };
    Object.assign(inputs, changes);
    try {
      return await run();
    } finally {
      for (const key of Object.keys(inputs)) delete inputs[key];
      Object.assign(inputs, before);
    }
  }
  const lines = (errors: string[]) => errors.flatMap((error) => error.split("\n")).sort();

  before(async function () {
    await needsEngine.call(this);
    stack = await RehearsalStack.open({
      stack: "existing",
      file: "test/recorded/Pulumi.existing.yaml",
    });
    checkAccount = watchAccount(stack.world);
  });
  after(() => stack?.close());

  it("is refused by a preview, which lists all that the network lacks", async () => {
    const { errors, steps } = await meanwhile("Vpc", vpcId, { enableDnsHostnames: false }, () =>
      meanwhile("Subnet", inner[0] ?? "", { takenAddresses: 4014 }, () =>
        meanwhile("Subnet", outer[1] ?? "", { availabilityZone: "eu-central-1c" }, () => {
          stack.configure("network.existing", {
            privateSubnetIds: [inner[0], "subnet-0b00000000000000f"],
          });
          return stack.preview();
        }),
      ),
    );
    stack.configure("network.existing", { privateSubnetIds: inner });
    assert.deepEqual(
      steps.filter(({ custom, type }) => custom && !type.startsWith("pulumi:")),
      [],
    );
    assert.deepEqual(lines(errors), [
      `network.existing.privateSubnetIds: ${inner[0]} (10.0.0.0/20) has 77 free addresses; needed: 78, for nodes.maxSize 4 (18 a node, 6 for EKS)`,
      "network.existing.privateSubnetIds: subnet-0b00000000000000f does not exist; needed: one that does, in this account and region",
      `network.existing.publicSubnetIds: ${outer[1]} is in eu-central-1c; needed: one in eu-central-1b, which is at this place of network.zones`,
      `network.existing.vpcId: ${vpcId} has DNS hostnames off; needed: on, or no node finds the cluster`,
    ]);
  });

  it("is created with nodes, database, cache and files in its private subnets", async () => {
    const steps = await upWell(stack);
    assert.deepEqual(checkDependencies(await stack.state()), []);
    assert.deepEqual(
      steps.filter(({ type }) => /(ec2\/(vpc|subnet|route|natGateway|flowLog))|awsx/i.test(type)),
      [],
    );
    const subnetsOf = (madeBy: RegExp) => {
      const found = all("aws:ec2/networkInterface:NetworkInterface").filter((one) =>
        madeBy.test(one.madeBy ?? ""),
      );
      return [...new Set(found.map(({ inputs }) => inputs.subnetId))].sort();
    };
    assert.deepEqual(subnetsOf(/^load balancer/), outer);
    assert.deepEqual(subnetsOf(/^(EKS cluster|node group)/), inner);
    assert.deepEqual(subnetsOf(/^fsmt-/), inner);
    assert.deepEqual(checkAccount(), []);
  });

  it("does not change by an update or a refresh that finds its own addresses in use", async () => {
    const crowded = (run: () => ReturnType<RehearsalStack["up"]>) =>
      meanwhile("Subnet", inner[0] ?? "", { takenAddresses: 4080 }, run);
    const { steps, errors } = await crowded(() => stack.up());
    assert.deepEqual([steps, errors], [[], []]);
    stack.configure("nodes", { maxSize: 6 });
    assert.match(
      (await crowded(() => stack.preview())).errors.join(),
      /privateSubnetIds: .* has \d free addresses; needed: 54, for nodes.maxSize 6/,
    );
    stack.configure("nodes", { maxSize: 4 });
    stack.configure("services.web", { maxReplicas: 3 });
    await upWell(stack);
    assert.deepEqual((await stack.refresh()).steps, []);
    assert.deepEqual(checkAccount(), []);
  });

  it("moves its load balancer to other subnets in place", async () => {
    const others = ["subnet-0c00000000000000a", "subnet-0c00000000000000b"];
    const table = all("aws:ec2/routeTableAssociation:RouteTableAssociation")[0]?.inputs
      .routeTableId;
    for (const [at, id] of others.entries()) {
      const inputs = {
        vpcId,
        cidrBlock: `10.0.24${2 + at}.0/24`,
        availabilityZone: `eu-central-1${"ab"[at]}`,
      };
      stack.world.addUnmanaged("aws:ec2/subnet:Subnet", id, "the owner", id, inputs);
      stack.world.addUnmanaged(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        `rtbassoc-${at}`,
        "the owner",
        id,
        { subnetId: id, routeTableId: table },
      );
    }
    const use = async (publicSubnetIds: string[]) => {
      stack.configure("network.existing", { publicSubnetIds });
      const steps = await upWell(stack);
      assert.deepEqual(
        [...new Set(steps.map(({ op, type }) => `${op} ${type.split(":").at(-1)}`))].sort(),
        ["update Ingress", "update NetworkPolicy"],
      );
    };
    await use(others);
    const held = all("aws:ec2/networkInterface:NetworkInterface").filter(({ inputs }) =>
      others.includes(inputs.subnetId),
    );
    assert.equal(held.length, 2);
    await use(outer);
    for (const one of stack.world.all()) if (one.madeBy === "the owner") stack.world.remove(one);
  });

  it("keeps its VPC: a preview refuses another one", async () => {
    stack.configure("network.existing", { vpcId: "vpc-00000000" });
    stack.world.addUnmanaged("aws:ec2/vpc:Vpc", "vpc-00000000", "somebody", "another VPC", {
      cidrBlock: "10.9.0.0/16",
    });
    const { errors } = await stack.preview();
    assert.match(
      errors.join("\n"),
      new RegExp(
        `^network.existing.vpcId: vpc-00000000 is not ${vpcId}, in which cluster existing runs; needed: ${vpcId}, or`,
        "m",
      ),
    );
    const other = get("Vpc", "vpc-00000000");
    if (other) stack.world.remove(other);
    stack.configure("network.existing", { vpcId });
  });

  it("is deleted without leftovers in the network", async () => {
    assert.deepEqual((await stack.destroy()).errors, []);
    assert.deepEqual(checkNothingLeft(stack.world), []);
    assert.deepEqual(checkAccount(), []);
    assert.ok(get("Vpc", vpcId) && get("Subnet", inner[0] ?? ""), "it is there");
  });
});
