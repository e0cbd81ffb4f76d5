import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { before, describe, it } from "mocha";
import { overBound, type ReleaseTime } from "../../../tools/rehearsal/release-time.ts";
import { type RehearsalOptions, rehearse } from "../../../tools/rehearsal/scenario.ts";
import { needsEngine } from "../../support/separate-process.ts";

const minutes = (count: number) => count * 60_000;

/** Every resource of the type forgets those of its dependencies that `forgotten` picks. */
const forget =
  (
    from: string,
    forgotten: (dependency: pulumi.Resource) => boolean = () => true,
  ): pulumi.ResourceTransformation =>
  ({ type, props, opts }) => {
    if (type !== from) return undefined;
    const dependsOn = [opts.dependsOn ?? []].flat() as pulumi.Resource[];
    return { props, opts: { ...opts, dependsOn: dependsOn.filter((one) => !forgotten(one)) } };
  };

const isA = (type: string) => (resource: pulumi.Resource) =>
  (resource as pulumi.Resource & { __pulumiType: string }).__pulumiType === type;

const changeProps =
  (of: string, change: (props: pulumi.Inputs) => pulumi.Inputs): pulumi.ResourceTransformation =>
  ({ type, props, opts }) =>
    type === of ? { props: { ...props, ...change(props) }, opts } : undefined;

const together =
  (...all: pulumi.ResourceTransformation[]): pulumi.ResourceTransformation =>
  (args) => {
    let { props, opts } = args;
    for (const one of all) ({ props, opts } = one({ ...args, props, opts }) ?? { props, opts });
    return { props, opts };
  };

const serviceType = "platform:service:Services";
const balancerType = "platform:service:LoadBalancer";
/** Its edge to the admission policy makes the way down longer, which hides by luck what is forgotten. */
const serviceComponent = "platform:service:Service";
const controllerType = "platform:addons:LoadBalancerController";
const releaseType = "kubernetes:helm.sh/v3:Release";

describe("the rehearsal", function () {
  // A limit for machines that do other work too; dev takes about a minute.
  this.timeout(minutes(10));

  before(needsEngine);

  /** The failures of each operation, by its title. */
  const failuresBy = async (
    transformation: pulumi.ResourceTransformation,
    options: Partial<RehearsalOptions> = { stopAtFailure: true },
  ) => {
    const { results } = await rehearse({
      stack: "dev",
      length: "up and destroy",
      transformation,
      ...options,
    });
    return Object.fromEntries(results.map(({ title, failures }) => [title, failures.join("\n")]));
  };

  /** A release, of a new image and by a digest, is near to what no rollout can leave out. */
  const assertFast = (releases: ReleaseTime[]) => {
    assert.deepEqual(
      releases.map(({ title }) => title),
      ["a new image", "a release by digest: no build"],
    );
    for (const release of releases) {
      assert.ok(overBound(release) <= 1.15, `${release.title}: ${release.seconds} s`);
    }
  };

  it("passes every check of the stack dev, from up to destroy", async () => {
    const { results, kept, timeToReady, releases } = await rehearse({ stack: "dev" });
    assertFast(releases);
    for (const { title, failures } of results) assert.deepEqual(failures, [], title);
    assert.equal(results.at(-1)?.title, "destroy");
    assert.deepEqual(kept, []);
    assert.ok(timeToReady);
    const least = timeToReady.bound.reduce((sum, { seconds }) => sum + seconds, 0);
    assert.ok(timeToReady.seconds - least <= 5 * 60, `ready after ${timeToReady.seconds} s`);
  });

  it("keeps of the stack prod only kept resources and validation records of certificates", async () => {
    const { results, kept, releases } = await rehearse({ stack: "prod", length: "fast" });
    assertFast(releases);
    for (const { title, failures } of results) assert.deepEqual(failures, [], title);
    const records = kept.filter((one) => one.startsWith("Record "));
    assert.deepEqual(records, ["Record certificate-validation-platform.example.com"]);
    for (const one of kept) {
      assert.match(one, /^(LogGroup|Bucket\w*|Record|Certificate of another stack)\b/);
    }
  });

  it("fails if a validation record of other certificates is deleted", async () => {
    const failures = await failuresBy(
      ({ type, props, opts }) =>
        type === "aws:route53/record:Record"
          ? { props, opts: { ...opts, retainOnDelete: false } }
          : undefined,
      { stack: "prod" },
    );
    assert.match(
      failures.destroy ?? "",
      /Certificate of another stack of the account is not renewed any more/,
    );
  });

  it("fails if an image is pushed to an existing tag", async () => {
    const failures = await failuresBy(
      ({ type, name, props, opts }) =>
        type === "docker:index/image:Image"
          ? {
              props: {
                ...props,
                imageName: pulumi.interpolate`${props.registry.server}:${name.split("-").at(-1)}`,
                skipPush: false,
              },
              opts,
            }
          : undefined,
      { length: "fast", stopAtFailure: true },
    );
    assert.match(
      failures["the former source again: no build"] ?? "",
      /tag invalid: The image tag '[0-9a-f]{16}' already exists in the 'web-\w+' repository/,
    );
  });

  it("fails without the dependency of the Ingress on its controller", async () => {
    const addons = [
      controllerType,
      "platform:addons:Autoscaler",
      "platform:addons:ContainerInsights",
    ];
    const failures = await failuresBy(
      together(
        forget(balancerType, (one) => addons.some((type) => isA(type)(one))),
        forget(serviceType),
        forget(serviceComponent),
      ),
      {},
    );
    assert.match(
      failures.up ?? "",
      /add dependsOn LoadBalancerController .* to LoadBalancer load-balancer/,
    );
    assert.match(
      failures.destroy ?? "",
      /finalizer: ingress.k8s.aws\/resources is never removed: no load balancer controller runs/,
    );
  });

  it("fails without the dependency of Ingress and controller on the nodes", async () => {
    const failures = await failuresBy(
      together(
        ...[serviceType, serviceComponent, controllerType, releaseType].map((type) => forget(type)),
      ),
      {},
    );
    assert.match(failures.up ?? "", /Ingress web.* must be deleted before NodeGroup cluster-nodes/);
    assert.match(
      failures.destroy ?? "",
      /finalizer: .* the controller cannot run: cluster platform-dev has no (nodes|CoreDNS)/,
    );
  });

  it("fails without the dependency of the Ingress on its controller's role", async () => {
    let release: pulumi.Resource | undefined;
    const failures = await failuresBy(
      together(forget(releaseType), ({ type, resource, props, opts }) => {
        if (type === releaseType) release = resource;
        return type === balancerType && release
          ? { props, opts: { ...opts, dependsOn: [release] } }
          : undefined;
      }),
    );
    assert.match(
      failures.up ?? "",
      /Ingress load-balancer.* must be deleted before .*RolePolicy load-balancer-controller/,
    );
  });

  it("fails if CoreDNS is created before the nodes", async () => {
    const failures = await failuresBy(
      changeProps("eks:index:Cluster", () => ({ corednsAddonOptions: { enabled: true } })),
    );
    assert.match(
      failures.up ?? "",
      /InsufficientNumberOfReplicas: add-on coredns is DEGRADED: cluster platform-dev has no nodes/,
    );
  });

  it("fails for an image by tag, and for log groups without retention", async () => {
    let image: (pulumi.Resource & { imageName: pulumi.Output<string> }) | undefined;
    const failures = await failuresBy(
      together(
        ({ type, resource }) => {
          if (type === "docker:index/image:Image") image = resource as typeof image;
          return undefined;
        },
        changeProps("kubernetes:apps/v1:Deployment", ({ spec }) => {
          spec.template.spec.containers[0].image = image?.imageName;
          return { spec };
        }),
        changeProps("aws:cloudwatch/logGroup:LogGroup", () => ({ retentionInDays: undefined })),
      ),
    );
    assert.match(failures.up ?? "", /Deployment web names its image by tag, not by digest/);
    assert.match(failures.up ?? "", /log group .*\/cluster has no retention/);
  });
});
