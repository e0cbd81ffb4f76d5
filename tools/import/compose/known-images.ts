import { postgresVersions } from "../../../infra/config/resource-schema.ts";
import { nameAndTag } from "../container-image.ts";
import type { Resource } from "../draft.ts";

/** What becomes of a container whose image is known. */
export type KnownImage =
  | { resource: Resource; port: number; why: string }
  | { why: string; todo: string; port?: number };

/** Reasons of what is left out; docs/import.md counts them. */
const noKind = "the platform has no such database or broker";

const elsewhere = (service: string, port: number) => ({
  why: noKind,
  todo: `make it with ${service}, name its address in the variables of its users, and its network in their \`egress\` with port ${port}`,
  port,
});

const byName: [names: RegExp, of: (tag: string) => KnownImage][] = [
  [/^(postgres|postgresql|postgis|pgvector|supabase-postgres)$/, postgres],
  [
    /^(redis|redis-stack|redis-stack-server|redismod|valkey|keydb|dragonfly)$/,
    () => ({
      resource: { kind: "cache" },
      port: 6379,
      why: "ElastiCache Serverless with Valkey, by TLS",
    }),
  ],
  [
    /^(minio|s3mock|s3ninja)$/,
    () => ({
      resource: { kind: "bucket" },
      port: 9000,
      why: "an S3 bucket; the role of its users opens it, no access key",
    }),
  ],
  [/^(mysql|mysql-server|mariadb|percona|mariadb-galera)$/, () => elsewhere("Amazon RDS", 3306)],
  [
    /^(mongo|mongodb|mongodb-community-server)$/,
    () => elsewhere("MongoDB Atlas or Amazon DocumentDB", 27017),
  ],
  [/^(mssql|server|azure-sql-edge)$/, () => elsewhere("Amazon RDS", 1433)],
  [
    /^(timescaledb|timescaledb-ha|cockroach|clickhouse-server|cassandra|neo4j|influxdb|couchdb|scylla)$/,
    () => elsewhere("its maker's service", 5432),
  ],
  [/^(elasticsearch|opensearch)$/, () => elsewhere("Amazon OpenSearch Service", 443)],
  [/^(memcached)$/, () => elsewhere("Amazon ElastiCache", 11211)],
  [
    /^(rabbitmq|activemq|activemq-artemis)$/,
    () => ({
      ...elsewhere("Amazon MQ", 5671),
      todo: "use `resources` of kind queue and topic, or make it with Amazon MQ and name its network in `egress`",
      port: 5672,
    }),
  ],
  [
    /^(kafka|cp-kafka|redpanda|zookeeper|cp-zookeeper|nats|pulsar)$/,
    () => elsewhere("Amazon MSK or its maker's service", 9092),
  ],
  [
    /^(dynamodb-local)$/,
    () => ({
      why: noKind,
      todo: "name each table in `resources`: { kind: table, partitionKey: … }; `npm run dev` plays it",
      port: 8000,
    }),
  ],
  [
    /^(localstack|localstack-pro)$/,
    () => ({
      why: "it plays AWS, which is there",
      todo: "name each table, queue, topic and bucket in `resources`; `npm run dev` plays them",
      port: 4566,
    }),
  ],
  [
    /^(elasticmq|elasticmq-native)$/,
    () => ({
      why: "it plays AWS, which is there",
      todo: "name each queue in `resources`; `npm run dev` plays them",
      port: 9324,
    }),
  ],
  [
    /^(mailhog|mailpit|maildev|mailcatcher)$/,
    () => ({ why: "it catches mail in development", todo: "send by Amazon SES", port: 1025 }),
  ],
  [
    /^(traefik|nginx-proxy|docker-letsencrypt-nginx-proxy-companion|acme-companion|portainer|portainer-ce|watchtower|autoheal|dockge|dozzle|docker|socket-proxy)$/,
    () => ({
      why: "it works on a Docker engine, which nodes do not have",
      todo: "nothing: the load balancer routes by `route`, Kubernetes restarts",
    }),
  ],
];

/** What is known of an image; nothing of most. */
export function knownImage(image: string): KnownImage | undefined {
  const { name, tag } = nameAndTag(image);
  return byName.find(([names]) => names.test(name))?.[1](tag);
}

/** Aurora has fewer versions than Docker Hub. */
function postgres(tag: string): KnownImage {
  const given = /^\D*(\d+)/.exec(tag)?.[1];
  const newest = postgresVersions.at(-1) ?? "18";
  const [oldest] = postgresVersions;
  const version =
    postgresVersions.find((one) => one === given) ??
    (given && Number(given) < Number(oldest) ? oldest : newest);
  const why =
    version === given
      ? "Aurora PostgreSQL, by TLS, with a password that RDS manages"
      : `Aurora PostgreSQL ${version}, not ${given ?? tag}, by TLS, with a password that RDS manages`;
  return { resource: { kind: "postgres", version }, port: 5432, why };
}
