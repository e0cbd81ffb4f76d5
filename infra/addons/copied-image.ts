import type * as pulumi from "@pulumi/pulumi";
import { ServiceImage, type ServiceImageArgs } from "../image/image.ts";

/** How an add-on's image is copied, in a stack whose nodes do not reach its registry. */
export type Copying = Omit<ServiceImageArgs, "image">;

/** Of a chart that joins them by a colon. */
interface ChartImage {
  repository: pulumi.Output<string>;
  tag: pulumi.Output<string>;
}

/**
 * A chart's values for a copy of its image in a repository of the account, by digest. `up` copies it, from
 * where the registry is reached. Undefined where nodes reach it themselves.
 */
export function copiedImage(
  name: string,
  reference: string,
  copying: Copying | undefined,
  parent: pulumi.ComponentResourceOptions,
): ChartImage | undefined {
  if (!copying) return undefined;
  const copy = new ServiceImage(name, { ...copying, image: { reference } }, parent).reference;
  const part = (at: number) => copy.apply((reference) => reference.split(":")[at] ?? "");
  return { repository: part(0), tag: part(1) };
}
