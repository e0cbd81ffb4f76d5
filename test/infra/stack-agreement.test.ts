import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { evaluate, only, projectFolder } from "../../tools/graph/evaluate.ts";
import type { Resource } from "../../tools/graph/resource.ts";
import { settingsOf } from "../../tools/graph/stack-settings.ts";

for (const stack of ["dev", "prod"]) {
  describe(`parts of the stack ${stack}`, () => {
    let resources: Resource[];
    const { config } = settingsOf(stack, projectFolder);
    const settings = (name: string) => JSON.parse(config[`platform:${name}`] ?? "{}");
    const ofType = (type: string) => resources.filter((resource) => resource.type === type);
    const releases = () => ofType("kubernetes:helm.sh/v3:Release");
    const documentOf = (policy: string | object) =>
      typeof policy === "string" ? JSON.parse(policy) : policy;

    before(async () => {
      ({ resources } = await evaluate(stack));
    });

    it("belong to a component each, which what comes after can depend on as a whole", () => {
      const byUrn = new Map(resources.map((one) => [one.urn, one]));
      for (const { urn, type, custom, parent } of resources) {
        if (!custom || type === "pulumi:providers:aws") continue;
        const above = byUrn.get(parent ?? "");
        assert.ok(above && above.type !== "pulumi:pulumi:Stack", urn);
        assert.equal(above.custom, false, urn);
      }
    });

    it("keep every log group as long as the stack says, and all alike when they go", () => {
      const { retentionDays = 30, keepOnDestroy = false } = settings("logs");
      for (const { urn, inputs } of ofType("aws:cloudwatch/logGroup:LogGroup")) {
        assert.equal(inputs.retentionInDays, retentionDays, urn);
        assert.equal(inputs.skipDestroy ?? false, keepOnDestroy, urn);
      }
    });

    it("take over the add-ons that are there, now and at every update", () => {
      const addons = ofType("aws:eks/addon:Addon");
      assert.ok(addons.length >= 6);
      for (const { urn, inputs } of addons) {
        // With NONE, EKS refuses an add-on of which somebody changed a field.
        assert.equal(inputs.resolveConflictsOnCreate, "OVERWRITE", urn);
        assert.equal(inputs.resolveConflictsOnUpdate, "OVERWRITE", urn);
        assert.ok(inputs.addonVersion, urn);
      }
    });

    it("let deployers change the namespaces of all services, and no other", () => {
      const scopes = ofType("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").filter(
        ({ inputs }) => inputs.accessScope.type === "namespace",
      );
      const services = ofType("platform:service:Service").map(({ urn }) => urn);
      const namespaces = ofType("kubernetes:core/v1:Namespace")
        .filter(({ parent }) => services.includes(parent ?? ""))
        .map(({ inputs }) => inputs.metadata.name);
      assert.ok(namespaces.length > 0);
      for (const { urn, inputs } of scopes) {
        assert.match(inputs.policyArn, /AmazonEKSEditPolicy$/);
        assert.deepEqual([...inputs.accessScope.namespaces].sort(), namespaces.sort(), urn);
      }
      assert.equal(scopes.length, (settings("cluster").deployers ?? []).length);
    });

    it("give each service account of a chart the role that trusts it, in its namespace", () => {
      const roles = ofType("aws:iam/role:Role");
      assert.equal(releases().length, 2);
      for (const { urn, inputs } of releases()) {
        const account = inputs.values.serviceAccount ?? inputs.values.rbac.serviceAccount;
        assert.equal(account.create, true, urn);
        const arn = account.annotations["eks.amazonaws.com/role-arn"];
        const role = roles.find(({ outputs }) => outputs.arn === arn);
        assert.ok(role, urn);
        const trusted = JSON.stringify(documentOf(role.inputs.assumeRolePolicy));
        assert.ok(
          trusted.includes(`"system:serviceaccount:${inputs.namespace}:${account.name}"`),
          urn,
        );
      }
    });

    it("install charts at one version, from where they are published, whole or not at all", () => {
      for (const { urn, inputs } of releases()) {
        assert.match(inputs.version, /^\d+\.\d+\.\d+$/, urn);
        assert.match(inputs.repositoryOpts.repo, /^https:\/\/[\w.]+\.github\.io\/[\w-]+$/, urn);
        assert.equal(inputs.atomic, true, urn);
        assert.equal(inputs.chart, inputs.name, urn);
        // Nodes may have to come first; an update must not wait for ever.
        assert.ok(inputs.timeout >= 300 && inputs.timeout <= 1800, urn);
      }
    });

    it("run a chart's pods twice, without rights, within bounds, and disrupted one at a time", () => {
      for (const { urn, inputs } of releases()) {
        const { values } = inputs;
        assert.equal(values.replicaCount, 2, urn);
        assert.deepEqual(values.podDisruptionBudget, { maxUnavailable: 1 }, urn);
        const container = { ...values.securityContext, ...values.containerSecurityContext };
        assert.equal(container.runAsNonRoot, true, urn);
        assert.equal(container.allowPrivilegeEscalation, false, urn);
        assert.equal(container.readOnlyRootFilesystem, true, urn);
        assert.deepEqual(container.capabilities, { drop: ["ALL"] }, urn);
        const { requests, limits } = values.resources;
        const milli = (cpu: string) => Number(/^(\d+)m$/.exec(cpu)?.[1]);
        const mebi = (memory: string) => Number(/^(\d+)Mi$/.exec(memory)?.[1]);
        assert.ok(milli(requests.cpu) >= 50 && milli(limits.cpu) >= milli(requests.cpu), urn);
        assert.ok(mebi(requests.memory) >= 64, urn);
        assert.ok(mebi(limits.memory) >= mebi(requests.memory), urn);
      }
    });

    it("have an autoscaler that can empty nodes, and grows no zone alone", () => {
      const [release] = releases().filter(({ name }) => name === "autoscaler");
      const flags = release?.inputs.values.extraArgs;
      // System pods and local storage are on every node here: with these on, none would ever go.
      assert.equal(flags["skip-nodes-with-system-pods"], false);
      assert.equal(flags["skip-nodes-with-local-storage"], false);
      assert.equal(flags["ignore-daemonsets-utilization"], true);
      assert.equal(flags["balance-similar-node-groups"], true);
      assert.ok(["least-waste", "random", "most-pods", "priority"].includes(flags.expander));
      const threshold = flags["scale-down-utilization-threshold"];
      assert.ok(threshold > 0.3 && threshold < 0.8);
      const graces = ofType("kubernetes:apps/v1:Deployment").map(
        ({ inputs }) => inputs.spec.template.spec.terminationGracePeriodSeconds,
      );
      for (const grace of graces) assert.ok(flags["max-graceful-termination-sec"] >= grace);
      const [spread] = release?.inputs.values.topologySpreadConstraints ?? [];
      // The chart's helper gives its pods the release's name as their instance.
      assert.deepEqual(spread.labelSelector.matchLabels, {
        "app.kubernetes.io/instance": release?.inputs.name,
      });
      assert.equal(release?.inputs.values.service.create, false);
    });

    it("name one cluster to everything that asks for it", () => {
      const cluster = only(resources, "eks:index:Cluster").inputs.name;
      assert.equal(cluster, settings("cluster").name);
      for (const { urn, inputs } of releases()) {
        const { values } = inputs;
        const named = values.clusterName ?? values.autoDiscovery.clusterName;
        assert.equal(named, cluster, urn);
        assert.equal(values.region ?? values.awsRegion, "eu-central-1", urn);
      }
    });

    it("have a node group with the sizes, the disk and the types of the settings", () => {
      const nodes = settings("nodes");
      const { inputs } = only(resources, "aws:eks/nodeGroup:NodeGroup");
      assert.equal(inputs.scalingConfig.minSize, nodes.minSize);
      assert.equal(inputs.scalingConfig.maxSize, nodes.maxSize);
      assert.deepEqual(inputs.instanceTypes, nodes.instanceTypes);
      assert.equal(
        inputs.capacityType,
        nodes.capacityType ?? (stack === "dev" ? "SPOT" : "ON_DEMAND"),
      );
      const template = only(resources, "aws:ec2/launchTemplate:LaunchTemplate");
      assert.equal(inputs.launchTemplate.id, template.id);
      const disks: number[] = template.inputs.blockDeviceMappings.map(
        ({ ebs }: { ebs: { volumeSize: number } }) => ebs.volumeSize,
      );
      if (nodes.diskSizeGiB) assert.ok(disks.includes(nodes.diskSizeGiB));
      for (const { ebs } of template.inputs.blockDeviceMappings) {
        assert.equal(ebs.deleteOnTermination, "true", "disks of nodes that went cost on");
      }
    });

    it("protect what a destroy must not take, where the settings ask for it", () => {
      const { deletionProtection = false } = settings("cluster");
      assert.equal(
        only(resources, "eks:index:Cluster").inputs.deletionProtection,
        deletionProtection,
      );
      const guarded = resources.filter(({ protect }) => protect).map(({ type }) => type);
      assert.equal(guarded.includes("aws:kms/key:Key"), deletionProtection);
      const ingress = settings("ingress").deletionProtection ?? false;
      assert.equal(guarded.includes("kubernetes:networking.k8s.io/v1:Ingress"), ingress);
    });
  });
}
