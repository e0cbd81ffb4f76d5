import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Statement } from "../../infra/cluster/policy-document.ts";
import type { BootstrapConfig } from "./bootstrap-config.ts";
import { boundaryStatements, workloadStatements } from "./boundaries.ts";
import { nodeImageStatement } from "./operate-permissions.ts";
import {
  documentOf,
  environmentDatabaseStatements,
  path,
  readStatements,
  signingKeyStatements,
  stateStatements,
  writeStatements,
} from "./policies.ts";
import type { SigningKey } from "./signing-key.ts";
import type { State } from "./state.ts";
import { audience, branchTrust, deployTrust, issuer, pullRequestTrust } from "./trust.ts";

export interface GitHubArgs extends BootstrapConfig {
  state: Pick<State, "bucketArn" | "keyArn">;
  signing: Pick<SigningKey, "keyId" | "keyArn">;
}

/**
 * GitHub's identity in the account, and the roles that workflows of one repository take by it: two
 * that only look, for previews of pull requests and for the branch's search for drift and newer pins, and one for each
 * environment that deploys, of which one signs. No secret is kept at GitHub.
 */
export class GitHub extends pulumi.ComponentResource {
  readonly previewRoleArn: pulumi.Output<string>;
  /** No code of a pull request gets it, so the cluster may let it read Secrets. */
  readonly driftRoleArn: pulumi.Output<string>;
  /** What a stack's roles must be bounded by: its setting `permissionsBoundary`. */
  readonly workloadBoundaryArn: pulumi.Output<string>;
  /** By environment. */
  readonly deployRoleArns: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: GitHubArgs, opts?: pulumi.ComponentResourceOptions) {
    super("bootstrap:github:GitHub", name, {}, opts);
    const parent = { parent: this };
    const { bucketArn, keyArn } = args.state;
    const keyArns = pulumi.all([keyArn, args.signing.keyArn]);

    // An account has one provider for an issuer.
    const providerArn =
      args.identityProviderArn ??
      new aws.iam.OpenIdConnectProvider(
        name,
        { url: `https://${issuer}`, clientIdLists: [audience] },
        parent,
      ).arn;
    const policy = (role: string, statements: pulumi.Input<Statement[]>) =>
      new aws.iam.Policy(
        `${name}-${role}`,
        { path, policy: pulumi.output(statements).apply(documentOf) },
        parent,
      );
    const state = (writes: boolean) =>
      pulumi
        .all([bucketArn, keyArn])
        .apply(([bucket, key]) => stateStatements(bucket, key, writes));

    const look = policy("look", readStatements(args));
    const nodeImages = policy("node-images", [nodeImageStatement(args)]);
    const readState = policy("read-state", state(false));
    const writeState = policy("write-state", state(true));
    const workload = policy(
      "workload",
      pulumi.all([bucketArn, keyArns]).apply(([bucket, keys]) => workloadStatements(bucket, keys)),
    );
    // Together they are longer than one policy may be.
    const writes = workload.arn.apply((arn) => writeStatements(args, arn));
    const part = (isMeant: (statement: Statement) => boolean) =>
      writes.apply((all) => all.filter(isMeant));
    const deploy = policy("deploy", part(isInRegion));
    const deployRoles = policy("deploy-roles", part(isOfRoles));
    const deployOthers = policy(
      "deploy-others",
      part((one) => !isInRegion(one) && !isOfRoles(one)),
    );
    const boundary = policy(
      "boundary",
      pulumi
        .all([bucketArn, keyArns, providerArn])
        .apply(([bucket, keys, identity]) => boundaryStatements(args, bucket, keys, identity)),
    );

    const previews = (environment: string): Record<string, aws.iam.Policy> => {
      const databases = args.previewDatabases[environment] ?? [];
      if (databases.length === 0) return {};
      const statements = environmentDatabaseStatements(args, databases);
      return { previews: policy(`previews-${environment}`, statements) };
    };

    const role = (
      roleName: string,
      roleArgs: Omit<aws.iam.RoleArgs, "path">,
      policies: Record<string, aws.iam.Policy>,
    ) => {
      const made = new aws.iam.Role(`${name}-${roleName}`, { path, ...roleArgs }, parent);
      for (const [what, { arn }] of Object.entries(policies)) {
        new aws.iam.RolePolicyAttachment(
          `${name}-${roleName}-${what}`,
          { role: made.name, policyArn: arn },
          parent,
        );
      }
      return made.arn;
    };

    this.workloadBoundaryArn = workload.arn;
    this.previewRoleArn = role(
      "preview",
      { assumeRolePolicy: pullRequestTrust(providerArn, args) },
      { look, "read-state": readState },
    );
    this.driftRoleArn = role(
      "drift",
      { assumeRolePolicy: branchTrust(providerArn, args) },
      { look, "node-images": nodeImages, "read-state": readState },
    );
    this.deployRoleArns = Object.fromEntries(
      args.environments.map((environment) => [
        environment,
        role(
          `deploy-${environment}`,
          {
            assumeRolePolicy: deployTrust(providerArn, args, environment),
            permissionsBoundary: boundary.arn,
            // The first deployment of a stack takes longer than the default hour may leave.
            maxSessionDuration: 2 * 60 * 60,
          },
          {
            ...{
              look,
              deploy,
              "deploy-roles": deployRoles,
              "deploy-others": deployOthers,
              "write-state": writeState,
            },
            ...previews(environment),
          },
        ),
      ]),
    );
    new aws.kms.KeyPolicy(
      `${name}-signing`,
      {
        keyId: args.signing.keyId,
        policy: pulumi
          .output(this.deployRoleArns)
          .apply((arns) => documentOf(signingKeyStatements(args, arns))),
      },
      parent,
    );
    this.registerOutputs({ previewRoleArn: this.previewRoleArn });
  }
}

const isInRegion = ({ Sid }: Statement): boolean => Sid === "InRegion";
const isOfRoles = ({ Action }: Statement): boolean =>
  [Action ?? []].flat().every((action) => action.startsWith("iam:"));
