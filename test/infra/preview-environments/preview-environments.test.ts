import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import {
  type PreviewEnvironmentSettings,
  type PreviewResources,
  PullRequests,
  type PullRequestsArgs,
} from "../../../infra/preview-environments/preview-environments.ts";
import type { Link } from "../../../infra/resources/link.ts";
import { deploy, only } from "../../../tools/graph/evaluate.ts";
import { serviceSettings, surroundings } from "../../support/service-args.ts";

const priorityClassType = "kubernetes:scheduling.k8s.io/v1:PriorityClass";
const { network, ingress, architecture, place } = surroundings;
const args: PullRequestsArgs = {
  ...{ network, ingress, architecture, place },
  environments: 2,
  days: 3,
  clusterName: "platform-test",
  services: {
    web: { image: { context: "service" }, route: { path: "/" }, ...serviceSettings },
  },
  registries: ["111122223333.dkr.ecr.eu-central-1.amazonaws.com"],
  domain: { hostName: "dev.example.com" },
  edge: { certificateArns: pulumi.output("arn:certificate") },
};

describe("the resources of a stack for preview environments", () => {
  it("is deleted only when the environments that belong to it are gone", async () => {
    const resources = await deploy(() => new PullRequests("pull-requests", args));
    const { inputs } = only(resources, priorityClassType);
    assert.equal(inputs.metadata.annotations["pulumi.com/deletionPropagationPolicy"], "foreground");
  });

  it("lets no environment push out a pod of the stack's own", async () => {
    const resources = await deploy(() => new PullRequests("pull-requests", args));
    const { inputs } = only(resources, priorityClassType);
    assert.ok(inputs.value < 0, "below pods without a class");
    assert.ok(inputs.value > -10, "below that the autoscaler adds no node");
    assert.equal(inputs.preemptionPolicy, "Never");
  });

  it("keeps their images apart from those that are released, and no longer than them", async () => {
    const resources = await deploy(() => new PullRequests("pull-requests", args));
    const { inputs } = only(resources, "aws:ecr/repository:Repository");
    assert.equal(inputs.imageTagMutability, "IMMUTABLE");
    assert.equal(inputs.forceDelete, true);
    const { policy } = only(resources, "aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs;
    const [{ selection }] = JSON.parse(policy).rules;
    assert.deepEqual([selection.tagStatus, selection.countNumber], ["any", 4]);
  });

  it("tells environments what their services use, once it is known", async () => {
    const arn = pulumi.output("arn:aws:dynamodb:eu-central-1:111122223333:table/orders");
    const link: Link = {
      resource: "orders",
      access: "read",
      variables: { ORDERS_TABLE: pulumi.output("orders-1") },
      secrets: { KEY: { secret: pulumi.output("arn:key") } },
      statements: [{ Effect: "Allow", Action: ["dynamodb:GetItem"], Resource: arn }],
      egress: [],
    };
    const aws: PreviewResources = {
      provider: { region: "eu-central-1", allowedAccountIds: [], defaultTags: { tags: {} } },
      own: { mails: { kind: "topic", deliverTo: [] } },
      oidc: { arn: pulumi.output("arn:oidc"), issuer: pulumi.output("oidc.example") },
      offered: [link],
    };
    let settings: PreviewEnvironmentSettings | undefined;
    await deploy(() => {
      const made = new PullRequests("pull-requests", { ...args, aws });
      made.settings?.apply((known) => {
        settings = known;
      });
    });
    assert.deepEqual(JSON.parse(JSON.stringify(settings?.aws)), {
      ...aws,
      oidc: { arn: "arn:oidc", issuer: "oidc.example" },
      offered: [
        {
          ...link,
          variables: { ORDERS_TABLE: "orders-1" },
          secrets: { KEY: { secret: "arn:key" } },
          statements: [
            {
              Effect: "Allow",
              Action: ["dynamodb:GetItem"],
              Resource: "arn:aws:dynamodb:eu-central-1:111122223333:table/orders",
            },
          ],
        },
      ],
    });
  });

  it("is nothing where there are none", async () => {
    const resources = await deploy(() => {
      const { settings } = new PullRequests("pull-requests", { ...args, environments: 0 });
      assert.equal(settings, undefined);
    });
    assert.deepEqual(
      resources.filter(({ custom }) => custom),
      [],
    );
  });
});
