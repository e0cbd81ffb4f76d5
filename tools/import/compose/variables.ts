import { secretsFolder, variableName } from "../../../infra/config/container-schema.ts";
import { stemOf } from "../../../infra/config/resource-schema.ts";
import { withAddress } from "../addresses.ts";
import type { Path } from "../report.ts";
import { type FormerContainer, resourceVariable } from "../resource-variables.ts";
import { isSecret, secretKey } from "../secret-variables.ts";
import { type ComposeApplication, passwordOwner, secretFile } from "./compose-application.ts";
import type { ComposeService } from "./compose-source.ts";
import { type Variable, variablesOf } from "./given-variables.ts";
import { publishesAt } from "./ports.ts";
import { needsOf, pairsOf, secretsIn } from "./roles.ts";

/** What the variables of a container say of it. */
export interface Placed {
  environment: Record<string, string>;
  secrets: Record<string, { secret: string; key?: string }>;
  calls: Set<string>;
  uses: Set<string>;
  /** Variables that a person must look at, and why. */
  decisions: { name: string; words: string }[];
}

/**
 * Where each variable of a service goes. Tells the report.
 *
 * @param to the settings of its container, such as `services.web`
 * @param owner the service or job whose secret it is
 */
export function placeVariables(
  service: ComposeService,
  app: ComposeApplication,
  { to, owner, moved }: { to: string; owner: string; moved: [from: string, to: string][] },
): Placed {
  const placed: Placed = {
    environment: {},
    secrets: {},
    calls: new Set(),
    uses: new Set(),
    decisions: [],
  };
  const { report } = app;
  const variables = variablesOf(service, app);
  const reached = [...app.resources].flatMap(([other, resource]) =>
    reaches(service, variables, { other, resource }) ? [resource] : [],
  );
  for (const { name, value, path } of variables) {
    if (value === undefined) {
      report.left(
        path,
        "its value comes from the machine",
        `set ${name} in .env, or in \`${to}.environment\``,
      );
      continue;
    }
    if (!variableName().safeParse(name).success) {
      report.left(path, "no variable has such a name in Kubernetes", "another name");
      continue;
    }
    if (
      name === "PORT" &&
      to === `services.${owner}` &&
      app.addresses.get(service.name)?.port !== undefined
    ) {
      report.carried(path, `${to}.port`);
      continue;
    }
    const text = throughResources({ name, value, path }, reached, app, placed, to);
    if (text === undefined) continue;
    const { value: rewritten, why } = throughServices(
      { name, value: text.value },
      service,
      app,
      placed,
    );
    const files = withPlaces(rewritten, service, app, moved);
    const reason = [text.why, why, files.why].filter(Boolean).join("; ");
    if (isSecret(name, files.value)) {
      const secret = `${app.options.stack}/${owner}`;
      placed.secrets[name] = secretKey({ secret, name }, { path, to }, report);
      continue;
    }
    placed.environment[name] = files.value;
    if (reason) report.changed(path, `${to}.environment.${name}`, reason, text.todo);
    else report.carried(path, `${to}.environment.${name}`);
  }
  return placed;
}

function throughResources(
  { name, value, path }: { name: string; value: string; path: Path },
  reached: FormerContainer[],
  app: ComposeApplication,
  placed: Placed,
  to: string,
): { value: string; why?: string; todo?: string } | undefined {
  let text: { value: string; why?: string; todo?: string } = { value };
  for (const resource of reached) {
    const named = namesHost({ name, value }, resource);
    const verdict = resourceVariable({ name, value: text.value }, resource);
    if (named || verdict) placed.uses.add(resource.name);
    if (!verdict) continue;
    if (verdict.todo) placed.decisions.push({ name, words: `${name}: ${verdict.todo}` });
    if ("value" in verdict) {
      text = verdict;
      continue;
    }
    if (verdict.dropped === "given")
      app.report.changed(path, `${to}.uses.${resource.name}`, verdict.why, verdict.todo);
    else {
      app.report.left(path, verdict.why, verdict.todo);
    }
    return undefined;
  }
  return text;
}

const namesHost = (
  { name, value = "" }: Pick<Variable, "name" | "value">,
  { hosts }: FormerContainer,
) => hosts.some((host) => withAddress({ name, value }, host, () => host) !== undefined);

/** Whether a service uses a resource: it names it, waits for it or has its password. */
function reaches(
  service: ComposeService,
  variables: Variable[],
  { other, resource }: { other: string; resource: FormerContainer },
): boolean {
  return (
    needsOf(service.spec).some((one) => one.other === other) ||
    sharesPassword(service, resource) ||
    variables.some((one) => namesHost(one, resource))
  );
}

/** Whether a service has the password of a resource, by value or as a file. */
function sharesPassword(
  { spec }: ComposeService,
  { password, passwordFiles }: FormerContainer,
): boolean {
  const secrets = secretsIn(spec).map(secretFile);
  return (
    passwordFiles.some((file) => secrets.includes(file)) ||
    (password !== undefined &&
      pairsOf(spec.environment).some(({ value, name }) => value === password && /PASS/i.test(name)))
  );
}

function throughServices(
  { name, value }: { name: string; value: string },
  service: ComposeService,
  app: ComposeApplication,
  placed: Placed,
): { value: string; why?: string } {
  let text = value;
  let why: string | undefined;
  for (const other of app.source.services.filter((one) => one.name !== service.name)) {
    const address = app.addresses.get(other.name);
    const role = app.roles.get(other.name);
    for (const host of [
      other.name,
      ...(other.spec.container_name ? [other.spec.container_name] : []),
    ]) {
      if (role?.as === "left") {
        if (withAddress({ name, value: text }, host, () => host) === undefined) continue;
        why = `${other.name} was left out`;
        placed.decisions.push({
          name,
          words: `${name}: ${other.name} was left out; its address elsewhere`,
        });
        continue;
      }
      if (role?.as !== "service" || address?.port === undefined) continue;
      const port = address.protocol === "http" ? 80 : address.port;
      let elsewhere = false;
      const replaced = withAddress({ name, value: text }, host, (given) => {
        elsewhere ||= given !== undefined && given !== address.port && given !== port;
        if (given === undefined) return address.name;
        if (elsewhere) return `${address.name}:${given}`;
        return /https?:\/\//.test(text) && port === 80 ? address.name : `${address.name}:${port}`;
      });
      if (replaced === undefined) continue;
      placed.calls.add(address.name);
      if (elsewhere) {
        const words = `${name}: ${address.name} has one port, ${address.port}, at which it is called at ${port}`;
        placed.decisions.push({ name, words });
      } else if (replaced !== text) why = `it is called at ${address.name}, port ${port}`;
      text = replaced;
    }
  }
  return throughLocalhost({ name, value: text, why }, service, app, placed);
}

/** The machine's own name, at a port on which another service is published there. */
function throughLocalhost(
  { name, value, why }: { name: string; value: string; why: string | undefined },
  service: ComposeService,
  app: ComposeApplication,
  placed: Placed,
): { value: string; why?: string } {
  let reason = why;
  const text = withAddress({ name, value }, "localhost", (given) => {
    const other = app.source.services.find(
      (one) => one.name !== service.name && given !== undefined && publishesAt(one.spec, given),
    );
    const address = other && app.addresses.get(other.name);
    if (given === undefined || address?.port === undefined)
      return given === undefined ? "localhost" : `localhost:${given}`;
    placed.calls.add(address.name);
    reason = `localhost was ${other?.name}`;
    placed.decisions.push({
      name,
      words: `${name}: where a browser reads it, it must be the load balancer's address, not ${address.name}`,
    });
    const port = address.protocol === "http" ? 80 : address.port;
    return port === 80 && value.includes("://") ? address.name : `${address.name}:${port}`;
  });
  return { value: text ?? value, ...(reason && { why: reason }) };
}

/** Folders of volumes and files of secrets have other places here. */
function withPlaces(
  value: string,
  service: ComposeService,
  app: ComposeApplication,
  moved: [from: string, to: string][],
): { value: string; why?: string } {
  for (const [from, to] of moved) {
    if (value === from || value.startsWith(`${from}/`)) {
      return { value: to + value.slice(from.length), why: `the files are in ${to}` };
    }
  }
  for (const name of secretsIn(service.spec)) {
    if (value === secretFile(name)) {
      const variable = secretVariable(name, app);
      return {
        value: `${secretsFolder}/${variable}`,
        why: `files of secrets are in ${secretsFolder}`,
      };
    }
  }
  return { value };
}

/** The variable and the file of a secret; that of the resource whose password it is. */
export function secretVariable(name: string, app: ComposeApplication): string {
  const owner = passwordOwner(name, app);
  return owner ? `${stemOf(owner.name)}_PASSWORD` : stemOf(name).replace(/[^A-Z0-9_]/g, "_");
}
