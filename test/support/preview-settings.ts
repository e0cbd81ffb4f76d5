import type { PreviewEnvironmentSettings } from "../../infra/preview-environments/preview-environments.ts";
import { serviceSettings, surroundings } from "./service-args.ts";

const registry = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";
const reference = (letter: string) => `${registry}/web@sha256:${letter.repeat(64)}`;
const { network, ingress, architecture, place } = surroundings;
const service = (route: { hosts?: string[]; path: string }) => ({
  image: { context: "service" },
  ...serviceSettings,
  policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
  egress: [{ cidrBlock: "0.0.0.0/0", port: 443 }],
  route,
});
/** The settings of preview environments in the stack dev. */
export const settings: PreviewEnvironmentSettings = {
  ...{ network, ingress, architecture, place },
  environments: 2,
  days: 3,
  clusterName: "platform-dev",
  hostName: "dev.example.com",
  certificateArn: "arn:certificate",
  owner: { name: "pull-requests", uid: "1-2-3" },
  registries: [registry],
  repositoryUrl: `${registry}/pull-requests`,
  services: {
    web: service({ path: "/" }),
    orders: service({ path: "/orders" }),
    shop: service({ hosts: ["shop.dev.example.com"], path: "/" }),
  },
};
export const images = { web: reference("a"), orders: reference("b"), shop: reference("c") };
