import { createHash } from "node:crypto";

/** The account and the region of an ARN. */
export interface Account {
  region: string;
  accountId: string;
}

export function arnOf({ region, accountId }: Account, service: string, resource: string): string {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

/** Of a service that is the same in all regions. */
export function globalArn({ accountId }: Account, service: string, resource: string): string {
  return `arn:aws:${service}::${accountId}:${resource}`;
}

export function registryOf({ region, accountId }: Account): string {
  return `${accountId}.dkr.ecr.${region}.amazonaws.com`;
}

export function zonesOf(region: string): string[] {
  return ["a", "b", "c", "d", "e", "f"].map((zone) => region + zone);
}

export function withoutScheme(url: string): string {
  return url.replace("https://", "");
}

/** Digits that look like chance and are the same on every run. */
export function hex(seed: string, digits: number): string {
  return createHash("sha256").update(seed).digest("hex").slice(0, digits);
}

export function uuid(seed: string): string {
  return hex(seed, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
