import * as aws from "@pulumi/aws";
import { ApplicationSignals } from "./application-signals.ts";
import { loadConfig } from "./bootstrap-config.ts";
import { GitHub } from "./github.ts";
import { Operators } from "./operators.ts";
import { SigningKey } from "./signing-key.ts";
import { State } from "./state.ts";
import { ZonalShift } from "./zonal-shift.ts";

const config = loadConfig();
const { region, accountId } = config;
const provider = new aws.Provider("aws", {
  region,
  allowedAccountIds: [accountId],
  defaultTags: { tags: { project: "bootstrap", "managed-by": "pulumi" } },
});
const onAws = { providers: [provider] };

const state = new State("state", { bucketName: config.stateBucket, region }, onAws);
const signing = new SigningKey("signing", onAws);
const github = new GitHub("github", { ...config, state, signing }, onAws);
const operators = new Operators("operate", config, onAws);
const shift = new ZonalShift("shift", config, onAws);
new ApplicationSignals(
  "application-signals",
  { retentionDays: config.applicationSignalsRetentionDays },
  onAws,
);

export const backendUrl = state.backendUrl;
export const secretsProvider = state.secretsProvider;
export const previewRoleArn = github.previewRoleArn;
export const driftRoleArn = github.driftRoleArn;
export const deployRoleArns = github.deployRoleArns;
export const permissionsBoundary = github.workloadBoundaryArn;
export const operatePolicyArn = operators.policyArn;
export const shiftPolicyArn = shift.policyArn;
export const signingKey = signing.keyArn;
