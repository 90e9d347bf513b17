import { KIND_WORDS, readiness, type Source, type SourceKind } from '../../backups/source.ts';
import { ConfigError, type Problem } from '../../errors.ts';
import type { Snapshots } from '../../ports.ts';
import { type Inputs, SOURCE_INPUTS, type Wanted } from './inputs.ts';

/** Engines whose snapshots RDS takes in a way that this action knows how to restore from. */
const CLUSTER_ENGINES = /^(aurora(-mysql|-postgresql)?|mysql|postgres)$/;

/**
 * Looks at every database before anything is made.
 *
 * @throws ConfigError naming all that cannot be backed up, and why
 */
export async function lookAtAll(
  inputs: Inputs,
  snapshotsOf: (kind: SourceKind) => Promise<Snapshots>,
  region: string,
): Promise<readonly Source[]> {
  const kinds = [...new Set(inputs.wanted.map(({ kind }) => kind))];
  const found = new Map(
    await Promise.all(
      kinds.map(async (kind) => {
        const ids = inputs.wanted.filter((each) => each.kind === kind).map(({ id }) => id);
        return [kind, await (await snapshotsOf(kind)).sources(ids)] as const;
      }),
    ),
  );
  const problems: Problem[] = [];
  const sources: Source[] = [];
  for (const wanted of inputs.wanted) {
    const source = found.get(wanted.kind)?.get(wanted.id);
    const problem = source
      ? (mistaken(source, wanted) ?? problemOf(source, inputs))
      : await missing(wanted, region, snapshotsOf);
    if (problem !== undefined) problems.push({ input: wanted.place, message: problem });
    if (source && !sources.some(({ kind, id }) => kind === source.kind && id === source.id))
      sources.push(source);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return sources;
}

/** An ARN of another account or region must not lead to a database here that happens to have the same name. */
const mistaken = ({ arn: there }: Source, { arn }: Wanted): string | undefined =>
  arn === undefined || arn.toLowerCase() === there.toLowerCase()
    ? undefined
    : `"${arn}" is not what the credentials and the region of this job lead to, which is ${there}; check role-to-assume and AWS_REGION`;

/** What of the same service has the name, where the kind is the mistake. */
async function missing(
  { kind, id }: Wanted,
  region: string,
  snapshotsOf: (kind: SourceKind) => Promise<Snapshots>,
): Promise<string> {
  for (const other of KINDS.filter((each) => each !== kind && isOfRds(each) === isOfRds(kind))) {
    // The role may lack what only this hint needs.
    const found = await (await snapshotsOf(other)).sources([id]).catch(() => undefined);
    const source = found?.get(id);
    if (!source) continue;
    const whole: SourceKind = isOfRds(kind) ? 'db-cluster' : 'replication-group';
    const [as, name] = source.partOf === undefined ? [other, id] : [whole, source.partOf];
    return `${id} is no ${KIND_WORDS[kind]}, but a ${KIND_WORDS[other]}; give it as ${SOURCE_INPUTS[as].input}: ${name}`;
  }
  return `there is no ${KIND_WORDS[kind]} "${id}" in ${region}; check the name, the account and AWS_REGION`;
}

const KINDS = Object.keys(SOURCE_INPUTS) as readonly SourceKind[];

const isOfRds = (kind: SourceKind): boolean => kind === 'db-instance' || kind === 'db-cluster';

function problemOf(source: Source, { kmsKey, copy }: Inputs): string | undefined {
  const { kind, id, engine, status, partOf } = source;
  if (kind === 'db-instance' && partOf !== undefined) {
    return `${id} is an instance of the DB cluster ${partOf}, of which AWS takes snapshots as a whole; give it as ${SOURCE_INPUTS['db-cluster'].input}: ${partOf}`;
  }
  if (kind === 'cache-cluster' && partOf !== undefined) {
    return `${id} is a node of the replication group ${partOf}; give it as ${SOURCE_INPUTS['replication-group'].input}: ${partOf}`;
  }
  if (kind === 'cache-cluster' && engine === 'memcached') {
    return `${id} is a Memcached cluster, of which there are no snapshots; leave it out: what it holds is lost with a node at any time`;
  }
  if (kind === 'db-cluster' && !CLUSTER_ENGINES.test(engine)) {
    return `${id} is a cluster of ${engine}, which this action does not know how to restore; take its snapshot with the tools of that service`;
  }
  if (readiness(source) === 'not-ready') {
    return `${id} is ${status || 'in no known state'}, and AWS takes snapshots of what is available; run this step again when it is`;
  }
  if (kmsKey !== undefined && kind === 'db-cluster' && !source.encrypted) {
    return `${id} is not encrypted, and AWS encrypts no copy of the snapshot of a cluster; leave kms-key out, and encrypt on the way back by restore-db-cluster-from-snapshot --kms-key-id`;
  }
  if (copy?.region === source.region) {
    return `${id} is in ${source.region} itself, to which copy-to-region would copy it; name another region, or leave it out`;
  }
  if (copy && copy.kmsKey === undefined && (source.encrypted || kmsKey !== undefined)) {
    return `snapshots of ${id} are encrypted with a key of ${source.region}, which is of no use in ${copy.region}; give the key of the copy there by copy-kms-key, such as alias/aws/rds`;
  }
  return undefined;
}
