import { randomBytes } from "node:crypto";
import type { ResourceConfig } from "../../infra/config/resource-schema.ts";
import { majorEngineVersion } from "../../infra/resources/cache.ts";
import { databaseName, masterUsername } from "../../infra/resources/postgres.ts";
import { createBucket, createQueue, createTable } from "./aws-requests.ts";

/** Where a container answers on this machine. */
export interface Address {
  host: string;
  port: number;
}

/** What plays a resource, as a container of the local Docker engine. docs/decisions.md says why it. */
export interface StandIn {
  product: string;
  image: string;
  /** Where it listens in its container. */
  port: number;
  /** Its variables. @default none */
  environment?: Record<string, string>;
  /** Its arguments. @default the image's */
  args?: string[];
  /** The command in the container that ends with 0 once it takes connections. @default it answers HTTP */
  ready?: string[];
  /** By which AWS's SDKs find it; all resources of the kind share one. @default it is the resource's own */
  endpointVariable?: string;
  /**
   * Makes the resource. Returns its variables by their suffixes.
   *
   * @throws {StandInFailed} if it is refused
   */
  make(resource: string, address: Address): Promise<Record<string, string>>;
}

export const urlOf = ({ host, port }: Address) => `http://${host}:${port}`;

/** Names of tables and buckets have three characters at least. */
const longName = (resource: string) => (resource.length < 3 ? `${resource}-dev` : resource);

/** None for a kind that no container plays. */
export function standInOf(config: ResourceConfig): StandIn | undefined {
  switch (config.kind) {
    case "table":
      return {
        product: "DynamoDB Local",
        image: "amazon/dynamodb-local",
        port: 8000,
        // Shared: whatever region and key the service's SDK names.
        args: ["-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb"],
        endpointVariable: "AWS_ENDPOINT_URL_DYNAMODB",
        make: async (resource, address) => {
          const table = longName(resource);
          await createTable(urlOf(address), table, config);
          return { _TABLE: table };
        },
      };
    case "queue":
      return {
        product: "ElasticMQ",
        image: "softwaremill/elasticmq-native",
        port: 9324,
        // Queues' URLs have the address that they are asked for at.
        args: ["-Dnode-address.host=*"],
        endpointVariable: "AWS_ENDPOINT_URL_SQS",
        make: async (resource, address) => ({
          _URL: await createQueue(urlOf(address), resource, config),
        }),
      };
    case "bucket":
      return {
        product: "S3Mock",
        image: "adobe/s3mock",
        port: 9090,
        endpointVariable: "AWS_ENDPOINT_URL_S3",
        make: async (resource, address) => {
          const bucket = longName(resource);
          await createBucket(urlOf(address), bucket);
          return { _BUCKET: bucket };
        },
      };
    case "postgres":
      return postgres(config.version);
    case "cache":
      return {
        product: `Valkey ${majorEngineVersion}`,
        image: `valkey/valkey:${majorEngineVersion}`,
        port: 6379,
        ready: ["valkey-cli", "ping"],
        make: async (_, { host, port }) => ({
          _HOST: host,
          _PORT: String(port),
          _URL: `redis://${host}:${port}`,
        }),
      };
    default:
      return undefined;
  }
}

function postgres(version: string): StandIn {
  // Others on this machine reach it too.
  const password = randomBytes(12).toString("hex");
  return {
    product: `PostgreSQL ${version}`,
    image: `postgres:${version}`,
    port: 5432,
    environment: {
      POSTGRES_DB: databaseName,
      POSTGRES_USER: masterUsername,
      POSTGRES_PASSWORD: password,
    },
    // By TCP: while it makes the database it listens on a socket only.
    ready: ["pg_isready", "--host", "127.0.0.1", "--username", masterUsername],
    make: async (_, { host, port }) => ({
      _HOST: host,
      _PORT: String(port),
      _DATABASE: databaseName,
      _USER: masterUsername,
      _PASSWORD: password,
    }),
  };
}
