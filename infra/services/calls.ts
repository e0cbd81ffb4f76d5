import type { types } from "@pulumi/kubernetes";
import { stemOf } from "../config/resource-schema.ts";
import { portOf, type ServiceConfig } from "../config/workload-schema.ts";

/** A service as those see it that call it. */
export interface Callee {
  /** Its name in the settings, under which it is called. */
  name: string;
  namespace: string;
  /** The port that its process listens on. */
  port: number;
  protocol: ServiceConfig["protocol"];
}

export function calleeOf(
  name: string,
  { protocol, ...service }: Pick<ServiceConfig, "worker" | "port" | "protocol">,
  namespace = name,
): Callee {
  return { name, namespace, port: portOf(service) ?? 0, protocol };
}

/** The name of a port by what is spoken on it. */
export const portName = (protocol: Callee["protocol"]) => (protocol === "tcp" ? "tcp" : "http");

/** Where it is called: HTTP at port 80, all else at the port of the process. */
export function addressPort({ port, protocol }: Pick<Callee, "port" | "protocol">): number {
  return protocol === "http" || protocol === "http2" ? 80 : port;
}

/** The addresses of the callees, as variables of a caller. */
export function callVariables(calls: Callee[]): Record<string, string> {
  return Object.fromEntries(
    calls.flatMap((callee) => {
      const stem = stemOf(callee.name);
      const port = addressPort(callee);
      return [
        ...(port === 80 ? [[`${stem}_URL`, `http://${callee.name}`]] : []),
        [`${stem}_ADDRESS`, `${callee.name}:${port}`],
      ];
    }),
  );
}

/** A name in the caller's namespace that leads to the callee's Service in its own. */
export function aliasSpec({ namespace }: Callee): types.input.core.v1.ServiceSpec {
  return {
    type: "ExternalName",
    externalName: `${namespace}.${namespace}.svc.cluster.local`,
  };
}

/** The way out to the callees. The CNI reads the address of a callee's Service from it. */
export function callRules(calls: Callee[]): types.input.networking.v1.NetworkPolicyEgressRule[] {
  return calls.map(({ namespace, protocol }) => ({
    to: [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        podSelector: { matchLabels: { "app.kubernetes.io/name": namespace } },
      },
    ],
    // By name: a callee's new port does not cut off those that still have the old one.
    ports: [{ port: portName(protocol), protocol: "TCP" }],
  }));
}
